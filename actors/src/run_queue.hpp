// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace bulwark {

/// The jobs that a group of threads shares, first come, first served. Differs from a queue that wakes a
/// thread for each job: at most one thread is on its way at a time, and it wakes the next one if it finds
/// more than it takes. Actors that answer one another are then run by the thread that is awake, without a
/// system call per message; the idle threads still get all that this one does not come to.
///
/// A job is anything that can be moved and is never waited for by its value. Thread-safe.
template <class Job>
class run_queue {
 public:
  /// `back_soon`: the calling thread will call pop() within microseconds. Then nobody is woken for a job that
  /// is alone.
  void push(Job job, bool back_soon = false) {
    {
      const std::lock_guard guard{mutex_};
      const bool alone = jobs_.empty();
      jobs_.push_back(std::move(job));
      if ((alone && back_soon) || !claim_waking()) return;
    }
    filled_.notify_one();  // after the lock: the thread that wakes needs it
  }

  /// The oldest job; waits for one.
  Job pop() {
    std::unique_lock guard{mutex_};
    while (jobs_.empty()) {
      ++idle_;
      filled_.wait(guard);
      --idle_;
      waking_ = false;
    }
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    const bool wake = !jobs_.empty() && claim_waking();
    guard.unlock();
    if (wake) filled_.notify_one();
    return job;
  }

  /// Takes all jobs out, without waiting, and those that `take` brings in as well.
  template <class Function>
  void drain(Function&& take) {
    std::deque<Job> all;
    const auto take_out = [&] {
      const std::lock_guard guard{mutex_};
      all = std::exchange(jobs_, {});
      return !all.empty();
    };
    while (take_out())
      for (auto& job : all) take(job);
  }

 private:
  /// True if the caller has to wake a thread.
  bool claim_waking() {
    if (waking_ || idle_ == 0) return false;
    waking_ = true;
    return true;
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<Job> jobs_;
  std::size_t idle_ = 0;  ///< threads that wait, or have been woken and are not back yet
  bool waking_ = false;   ///< one of them was woken and is not back yet
};

}  // namespace bulwark
