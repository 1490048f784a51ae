// SPDX-License-Identifier: BSD-3-Clause
// Goal: what is put into the queue of the scheduler is taken once, in order, and no thread sleeps through it.
// Method: threads that put and take at random; a wake-up that is missed shows as a test that does not end.
#include "run_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

namespace bulwark {
namespace {

TEST(run_queue, gives_jobs_in_the_order_in_which_they_came) {
  run_queue<int> queue;
  for (int job = 0; job < 100; ++job) queue.push(job, job % 3 == 0);
  for (int job = 0; job < 100; ++job) EXPECT_EQ(queue.pop(), job);
}

TEST(run_queue, gives_what_is_left_without_waiting) {
  run_queue<int> queue;
  for (int job = 0; job < 3; ++job) queue.push(job);
  std::vector<int> left;
  queue.drain([&left](int job) { left.push_back(job); });
  EXPECT_EQ(left, (std::vector{0, 1, 2}));
  queue.drain([](int) { FAIL() << "a job came twice"; });
}

/// Workers that take a job, and for some jobs put in more, one of them quietly, as actors do; `outside`
/// threads put in jobs as well. A job is the number of generations that follow it; -1 ends a worker.
void run(unsigned seed, int workers, int outside, int jobs_each, int generations) {
  run_queue<int> queue;
  std::atomic<long> done{0};
  // each job of generation g has two that follow
  const long wanted = static_cast<long>(outside) * jobs_each * ((2L << generations) - 1);
  std::vector<std::thread> threads;
  for (int i = 0; i < workers; ++i)
    threads.emplace_back([&] {
      for (int job = queue.pop(); job >= 0; job = queue.pop()) {
        if (job > 0) {
          queue.push(job - 1, true);
          queue.push(job - 1);
        }
        if (done.fetch_add(1) + 1 == wanted)
          for (int worker = 0; worker < workers; ++worker) queue.push(-1);
      }
    });
  for (int i = 0; i < outside; ++i)
    threads.emplace_back([&, i] {
      std::mt19937 random{seed + static_cast<unsigned>(i)};
      for (int job = 0; job < jobs_each; ++job) {
        queue.push(generations);
        if (random() % 4 == 0) std::this_thread::yield();  // long enough for workers to run dry
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done.load(), wanted);
}

TEST(run_queue, gives_what_comes_in_while_it_gives_what_is_left) {
  run_queue<int> queue;
  queue.push(0);
  std::vector<int> left;
  queue.drain([&](int job) {
    left.push_back(job);
    if (job < 3) queue.push(job + 1);
  });
  EXPECT_EQ(left, (std::vector{0, 1, 2, 3}));
}

TEST(run_queue, no_job_is_lost_or_taken_twice_however_threads_meet) {
  for (unsigned seed = 1; seed <= 20; ++seed)
    for (const int workers : {1, 2, 5}) run(seed, workers, 2, 100, 3);
}

}  // namespace
}  // namespace bulwark
