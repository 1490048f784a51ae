// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "router_bench.hpp"

namespace bulwark::bench {

double router_measure::median() const {
  auto sorted = values;
  std::ranges::sort(sorted);
  const auto half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
double router_measure::least() const { return std::ranges::min(values); }
double router_measure::most() const { return std::ranges::max(values); }

const router_measure* router_results::find(const std::string& scenario, const std::string& setup,
                                           const std::string& subject, const std::string& metric) const {
  const auto at = std::ranges::find_if(measures_, [&](const router_measure& one) {
    return one.scenario == scenario && one.setup == setup && one.subject == subject && one.metric == metric;
  });
  return at == measures_.end() ? nullptr : &*at;
}

void router_results::add(const std::string& scenario, const std::string& setup, const std::string& subject,
                         const std::string& metric, const std::string& unit, double value) {
  auto* there = const_cast<router_measure*>(find(scenario, setup, subject, metric));
  if (!there) there = &measures_.emplace_back(router_measure{scenario, setup, subject, metric, unit});
  there->values.push_back(value);
}

void router_results::expect(const std::string& scenario, const std::string& setup, const std::string& target,
                            double measured, bool met) {
  for (auto& one : verdicts_) {
    if (one.scenario != scenario || one.setup != setup || one.target != target) continue;
    if (one.met && !met) one = {scenario, setup, target, measured, false};  // every run has to meet it
    return;
  }
  verdicts_.push_back({scenario, setup, target, measured, met});
}

void router_results::expect_ratio(const std::string& scenario, const std::string& setup,
                                  const std::string& metric, const std::string& subject,
                                  const std::string& against, double at_most) {
  const auto* one = find(scenario, setup, subject, metric);
  const auto* other = find(scenario, setup, against, metric);
  if (!one || !other) return;
  const auto ratio = one->median() / other->median();
  char target[160];
  std::snprintf(target, sizeof target, "%s of %s <= %.2f x %s", metric.c_str(), subject.c_str(), at_most,
                against.c_str());
  expect(scenario, setup, target, ratio, ratio <= at_most);
}

void router_results::print() const {
  std::printf(
      "| # | set-up | subject | measure | median | min | max | unit |\n|---|---|---|---|---|---|---|---|\n");
  for (const auto& one : measures_)
    std::printf("| %s | %s | %s | %s | %.4g | %.4g | %.4g | %s |\n", one.scenario.c_str(), one.setup.c_str(),
                one.subject.c_str(), one.metric.c_str(), one.median(), one.least(), one.most(),
                one.unit.c_str());
  std::printf("\n| # | set-up | target | measured | met |\n|---|---|---|---|---|\n");
  for (const auto& one : verdicts_)
    std::printf("| %s | %s | %s | %.3g | %s |\n", one.scenario.c_str(), one.setup.c_str(), one.target.c_str(),
                one.measured, one.met ? "yes" : "NO");
}

void router_results::write_csv(const std::string& file) const {
  std::ofstream out{file};
  out << "scenario,setup,subject,metric,unit,run,value\n";
  for (const auto& one : measures_)
    for (std::size_t run = 0; run < one.values.size(); ++run)
      out << one.scenario << ",\"" << one.setup << "\",\"" << one.subject << "\",\"" << one.metric << "\","
          << one.unit << ',' << run + 1 << ',' << one.values[run] << '\n';
  out.flush();
  if (!out) throw std::runtime_error{"cannot write " + file};
}

}  // namespace bulwark::bench
