#pragma once

#include <regex>
#include <string>
#include <vector>

#include "amdefect/core/error.hpp"
#include "amdefect/core/utf8.hpp"
#include "amdefect/metrics/coco_dataset.hpp"

namespace amdefect {

/// The group of each image by its `file_name`: what the first parentheses of a regular expression (ECMAScript) match
/// there, or all of it that matches where there are none; "other" for a name that does not match. So `^([^_]+)_` groups
/// by what stands before the first underscore, `machine[0-9]+` by the machine. @throws Error for a text that is none.
inline std::vector<std::string> groups_by_name(const CocoDataset& dataset, const std::string& pattern) {
  std::regex expression;
  try {
    expression.assign(pattern);
  } catch (const std::regex_error& error) {
    throw Error(concat("image groups: '", pattern, "' is no regular expression: ", error.what()));
  }
  std::vector<std::string> groups;
  for (const CocoImage& image : dataset.images) {
    std::smatch match;
    const bool found = std::regex_search(image.file_name, match, expression);
    groups.push_back(found ? match[match.size() > 1 ? 1 : 0].str() : "other");
    require(detail::is_utf8(groups.back()), "image groups: '", pattern, "' cuts through a character of the name ",
            image.file_name);
  }
  return groups;
}

}  // namespace amdefect
