// SPDX-License-Identifier: BSD-3-Clause
#include "segment_preparer.hpp"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace bulwark::consensus {

spare_file make_spare(file_layer& files, const std::filesystem::path& path, std::uint64_t capacity,
                      const std::stop_token& stop) {
  // Each chunk is synced by itself: one large flush would hold up the log's own small ones for as long as it
  // takes.
  constexpr std::size_t chunk_bytes = 1u << 20;
  const std::string zeros(std::min<std::uint64_t>(capacity, chunk_bytes), '\0');
  try {
    spare_file spare{files.open(path, open_mode::create), path};
    for (std::uint64_t done = 0; done < capacity;) {
      if (stop.stop_requested()) {
        files.remove(path);
        return {};
      }
      const auto size = std::min<std::uint64_t>(zeros.size(), capacity - done);
      write_all_at(*spare.handle, std::string_view{zeros}.substr(0, size), done);
      spare.handle->sync();
      done += size;
    }
    return spare;
  } catch (const std::system_error&) {
    // Give the room back at once; if even that fails, the next open of the log removes the file.
    try {
      files.remove(path);
    } catch (const std::system_error&) {
    }
    throw;
  }
}

segment_preparer::segment_preparer(file_layer& files, std::filesystem::path directory, std::uint64_t capacity,
                                   bool background)
    : files_{files}, directory_{std::move(directory)}, bytes_{capacity}, background_{background} {
  if (background_) worker_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

segment_preparer::~segment_preparer() = default;

std::filesystem::path segment_preparer::spare_path() const { return directory_ / "spare.tmp"; }

void segment_preparer::prefetch() {
  if (!background_) return;
  const std::lock_guard lock{mutex_};
  if (phase_ != phase::idle) return;
  phase_ = phase::wanted;
  changed_.notify_all();
}

spare_file segment_preparer::take() {
  if (!background_) return make_spare(files_, spare_path(), bytes_);
  std::unique_lock lock{mutex_};
  // A failure of the past may be over by now (a disk that was full): try again before reporting one.
  if (phase_ == phase::failed || phase_ == phase::idle) {
    phase_ = phase::wanted;
    changed_.notify_all();
  }
  changed_.wait(lock, [this] { return phase_ == phase::ready || phase_ == phase::failed; });
  const bool failed = phase_ == phase::failed;
  phase_ = phase::idle;
  if (failed) std::rethrow_exception(std::exchange(failure_, nullptr));
  return std::move(spare_);
}

void segment_preparer::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, stop, [this] { return phase_ == phase::wanted; })) {
    lock.unlock();
    spare_file made;
    std::exception_ptr failure;
    try {
      made = make_spare(files_, spare_path(), bytes_, stop);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (stop.stop_requested()) return;
    spare_ = std::move(made);
    failure_ = failure;
    phase_ = failure ? phase::failed : phase::ready;
    changed_.notify_all();
  }
}

}  // namespace bulwark::consensus
