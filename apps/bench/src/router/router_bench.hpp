// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bulwark::bench {

/// How long and how often everything is measured.
struct router_effort {
  std::size_t runs = 5;            ///< interleaved: each policy once, then each once more
  double seconds = 3;              ///< of offered load, per run
  std::size_t messages = 200'000;  ///< of one measure of overhead
};

/// Values of one measure, one per run.
struct router_measure {
  std::string scenario;  ///< "S2"
  std::string setup;     ///< "load 0.8"
  std::string subject;   ///< a policy, or a way to send
  std::string metric;    ///< "p99"
  std::string unit;
  std::vector<double> values{};

  [[nodiscard]] double median() const;
  [[nodiscard]] double least() const;
  [[nodiscard]] double most() const;
};

/// Whether a target was met.
struct router_verdict {
  std::string scenario, setup, target;
  double measured = 0;
  bool met = false;
};

/// All measures of a run of the program, in the order in which they were first seen.
class router_results {
 public:
  void add(const std::string& scenario, const std::string& setup, const std::string& subject,
           const std::string& metric, const std::string& unit, double value);
  /// A ratio of medians against its target.
  void expect_ratio(const std::string& scenario, const std::string& setup, const std::string& metric,
                    const std::string& subject, const std::string& against, double at_most);
  void expect(const std::string& scenario, const std::string& setup, const std::string& target,
              double measured, bool met);

  [[nodiscard]] const router_measure* find(const std::string& scenario, const std::string& setup,
                                           const std::string& subject, const std::string& metric) const;
  [[nodiscard]] const std::vector<router_measure>& measures() const noexcept { return measures_; }

  void print() const;
  void write_csv(const std::string& file) const;
  /// The 99th percentiles of the balancing scenarios as bars, on a logarithmic scale.
  void write_svg(const std::string& file) const;

 private:
  std::vector<router_measure> measures_;
  std::vector<router_verdict> verdicts_;
};

void measure_overhead(caf::actor_system& system, const router_effort& effort, router_results& into);  // S1
void measure_uniform(caf::actor_system& system, const router_effort& effort, router_results& into);   // S2
void measure_slow(caf::actor_system& system, const router_effort& effort, router_results& into);      // S3
void measure_churn(caf::actor_system& system, const router_effort& effort, router_results& into);     // S4
void measure_overload(caf::actor_system& system, const router_effort& effort, router_results& into);  // S5
void measure_stale(caf::actor_system& system, const router_effort& effort, router_results& into);     // S6

}  // namespace bulwark::bench
