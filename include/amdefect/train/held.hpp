#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "amdefect/core/error.hpp"

namespace amdefect::detail {

/// An object that a trainer uses: a named one is referred to and must outlive the trainer, a temporary moves in, and a
/// pointer brings its ownership along. So no temporary can be gone too early.
template <class Base>
class Held {
 public:
  template <class Object>
  requires(std::derived_from<Object, Base> && !std::is_const_v<Object>) Held(Object& named)
      : object_(std::shared_ptr<void>(), &named) {}
  template <class Object>
  requires(std::derived_from<Object, Base> && !std::is_const_v<Object>) Held(Object&& temporary)
      : object_(std::make_shared<Object>(std::forward<Object>(temporary))) {}
  /// @throws Error for a null pointer.
  template <std::derived_from<Base> Object>
  Held(std::unique_ptr<Object> owned) : Held(std::shared_ptr<Object>(std::move(owned))) {}
  template <std::derived_from<Base> Object>
  Held(std::shared_ptr<Object> shared) : object_(std::move(shared)) {
    require(object_ != nullptr, "trainer: got a null pointer in place of an optimiser or a schedule");
  }

  Base& operator*() const { return *object_; }
  Base* operator->() const { return object_.get(); }

 private:
  std::shared_ptr<Base> object_;
};

}  // namespace amdefect::detail
