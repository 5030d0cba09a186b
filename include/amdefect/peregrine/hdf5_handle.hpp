#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>

#include "amdefect/core/error.hpp"

namespace amdefect {

/// The turn of a thread to call libhdf5, which most builds of it allow one thread at a time only. It prints nothing.
class Hdf5Turn {
 public:
  Hdf5Turn() : lock_(mutex()) {
    static const bool quiet = H5open() >= 0 && H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0;
    require(quiet, "libhdf5 cannot be used: it does not start");
  }

 private:
  static std::recursive_mutex& mutex() {
    static std::recursive_mutex mutex;
    return mutex;
  }
  std::lock_guard<std::recursive_mutex> lock_;
};

/// An object of libhdf5, which `close` gives back.
template <herr_t (*close)(hid_t)>
class Hdf5Handle {
 public:
  Hdf5Handle() = default;
  explicit Hdf5Handle(hid_t id) : id_(id) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    return *this;
  }
  ~Hdf5Handle() {
    if (id_ < 0) return;
    const Hdf5Turn turn;
    close(id_);
  }

  hid_t id() const { return id_; }
  /// The object is the caller's to close.
  hid_t release() { return std::exchange(id_, H5I_INVALID_HID); }
  explicit operator bool() const { return id_ >= 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
};
using Hdf5FileHandle = Hdf5Handle<H5Fclose>;
using Hdf5Object = Hdf5Handle<H5Oclose>;
using Hdf5DataSet = Hdf5Handle<H5Dclose>;
using Hdf5Space = Hdf5Handle<H5Sclose>;
using Hdf5Type = Hdf5Handle<H5Tclose>;
using Hdf5Attribute = Hdf5Handle<H5Aclose>;
using Hdf5Properties = Hdf5Handle<H5Pclose>;

/// What libhdf5 says of the call that failed last, the innermost reason, in brackets; empty if it says nothing.
inline std::string hdf5_reason() {
  const Hdf5Turn turn;
  std::string reason;
  const auto note = [](unsigned number, const H5E_error2_t* error, void* text) -> herr_t {
    if (number == 0 && error->desc) *static_cast<std::string*>(text) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, note, &reason);
  return reason.empty() ? "" : " (libhdf5: " + reason + ")";
}

}  // namespace amdefect
