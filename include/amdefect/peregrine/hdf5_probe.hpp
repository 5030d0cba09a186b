#pragma once

#include <fcntl.h>
#include <hdf5.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "amdefect/peregrine/hdf5_handle.hpp"

namespace amdefect {

namespace detail {

/// Looks at all that libhdf5 believes of an attribute, or of a data set, the places of its chunks among it.
inline herr_t visit_attribute(hid_t object, const char* name, const H5A_info_t*, void*) {
  const Hdf5Attribute attribute(H5Aopen(object, name, H5P_DEFAULT));
  const Hdf5Type type(H5Aget_type(attribute.id()));
  const Hdf5Space space(H5Aget_space(attribute.id()));
  return 0;
}
inline herr_t visit_object(hid_t file, const char* name, const H5O_info_t* info, void*) {
  const Hdf5Object object(H5Oopen(file, name, H5P_DEFAULT));
  if (!object) return 0;
  H5Aiterate2(object.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, visit_attribute, nullptr);
  if (info->type != H5O_TYPE_DATASET) return 0;
  const Hdf5Type type(H5Dget_type(object.id()));
  const Hdf5Space space(H5Dget_space(object.id()));
  const Hdf5Properties made(H5Dget_create_plist(object.id()));
  hsize_t chunks = 0;
  if (H5Pget_layout(made.id()) == H5D_CHUNKED) H5Dget_num_chunks(object.id(), space.id(), &chunks);
  return 0;
}

}  // namespace detail

/// Lets a child process look at the whole structure of a file, not at its data. libhdf5 trusts what it reads, and a
/// damaged file may end the process that opens it: then it is the child's. What libhdf5 itself notices is no matter
/// here. @throws FileError for such a file
inline void probe_hdf5(const std::filesystem::path& path) {
  const Hdf5Turn turn;  // no other thread is within libhdf5 while the process is copied
  const pid_t child = ::fork();
  require(child >= 0, path.string(), ": no process can be started to look at it");
  if (child == 0) {
    constexpr rlimit no_core{0, 0};
    constexpr unsigned patience = 120;  // seconds
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::alarm(patience);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
    const Hdf5FileHandle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
    if (file) H5Ovisit2(file.id(), H5_INDEX_NAME, H5_ITER_INC, detail::visit_object, nullptr, H5O_INFO_BASIC);
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  require<FileError>(WIFEXITED(status) && WEXITSTATUS(status) == 0, path.string(),
                     ": is damaged: libhdf5 does not come to the end of its structure");
}

}  // namespace amdefect
