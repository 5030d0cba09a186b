#pragma once

#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>  // for signal() between fork and exit. NOLINT(modernize-deprecated-headers)
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <vector>

#include "amdefect/peregrine/hdf5_handle.hpp"

namespace amdefect {

namespace detail {

inline constexpr hssize_t most_texts = 100'000;  // that are read of an attribute or a data set

// What the child process does: without an Hdf5Turn, whose mutex its parent has, and what it opens goes with it.

/// Reads texts that lie elsewhere in the file, as long as there are few.
template <class Read>
void visit_texts(hid_t type, hid_t space, Read&& read) {
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (H5Tis_variable_str(type) <= 0 || count < 1 || count > most_texts) return;
  std::vector<char*> texts(static_cast<std::size_t>(count), nullptr);
  if (read(texts.data()) >= 0) H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts.data());
}

/// Looks at all that libhdf5 believes of an attribute, or of a data set, texts and the places of chunks among it.
inline herr_t visit_attribute(hid_t object, const char* name, const H5A_info_t*, void*) {
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  visit_texts(type, space, [&](void* to) { return H5Aread(attribute, type, to); });
  H5Tclose(type);
  H5Sclose(space);
  H5Aclose(attribute);
  return 0;
}
inline herr_t visit_object(hid_t file, const char* name, const H5O_info_t* info, void*) {
  const hid_t object = H5Oopen(file, name, H5P_DEFAULT);
  if (object < 0) return 0;
  H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, visit_attribute, nullptr);
  if (info->type == H5O_TYPE_DATASET) {
    const hid_t space = H5Dget_space(object), made = H5Dget_create_plist(object), type = H5Dget_type(object);
    hsize_t chunks = 0;
    visit_texts(type, space, [&](void* to) { return H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to); });
    H5Tclose(type);
    if (H5Pget_layout(made) == H5D_CHUNKED) H5Dget_num_chunks(object, space, &chunks);
    H5Pclose(made);
    H5Sclose(space);
  }
  H5Oclose(object);
  return 0;
}
inline constexpr unsigned probe_patience = 120;  // seconds

[[noreturn]] inline void probe_in_child(const char* path) {
  constexpr rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::alarm(probe_patience);
  if (const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE}) ::signal(signal, SIG_DFL);
  if (const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT); file >= 0)
    H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, visit_object, nullptr, H5O_INFO_BASIC);
  ::_exit(0);
}

}  // namespace detail

/// Lets a child process look at the whole structure of a file and its texts, not at its numbers. libhdf5 trusts what it
/// reads, and a damaged file may end the process that opens it: then it is the child's. What libhdf5 itself notices is
/// no matter here. @throws FileError for such a file
inline void probe_hdf5(const std::filesystem::path& path) {
  const Hdf5Turn turn;  // no other thread is within libhdf5 while the process is copied
  const pid_t child = ::fork();
  require(child >= 0, path.string(), ": no process can be started to look at it");
  if (child == 0) detail::probe_in_child(path.c_str());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  require<FileError>(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM, path.string(),
                     ": its structure was not read within ", detail::probe_patience, " seconds");
  require<FileError>(WIFEXITED(status) && WEXITSTATUS(status) == 0, path.string(),
                     ": is damaged: libhdf5 does not come to the end of its structure");
}

}  // namespace amdefect
