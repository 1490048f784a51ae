// SPDX-License-Identifier: BSD-3-Clause
#include "rivals.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace bulwark::bench {

namespace {

/// Sum and sum of squares of the latest values.
class moving_sums {
 public:
  explicit moving_sums(std::size_t capacity) : capacity_{capacity} {}

  void add(double value) {
    if (values_.size() < capacity_) {
      values_.push_back(value);
    } else {
      const auto gone = std::exchange(values_[oldest_], value);
      oldest_ = (oldest_ + 1) % capacity_;
      sum_ -= gone;
      squares_ -= gone * gone;
    }
    sum_ += value;
    squares_ += value * value;
  }
  [[nodiscard]] double mean() const {
    return values_.empty() ? 0 : sum_ / static_cast<double>(values_.size());
  }
  [[nodiscard]] double deviation() const {
    if (values_.empty()) return 0;
    return std::sqrt(std::max(0.0, squares_ / static_cast<double>(values_.size()) - mean() * mean()));
  }

 private:
  std::size_t capacity_;
  std::vector<double> values_;
  std::size_t oldest_ = 0;
  double sum_ = 0, squares_ = 0;
};

constexpr std::size_t window = 1000;

/// When a detector that heard this beat will suspect, if it hears nothing more.
using deadline_rule = std::function<double(const trace::beat&)>;

/// Its timer goes off before what waits behind it is taken in.
quality run_rule(const trace& over, const deadline_rule& rule) {
  double detection = 0, mistaken = 0;
  std::size_t mistakes = 0;
  for (std::size_t i = 0; i + 1 < over.beats.size(); ++i) {
    const auto deadline = rule(over.beats[i]);
    detection += deadline - over.beats[i].sent - over.interval / 2;
    const auto next = over.beats[i + 1].taken;
    if (deadline >= next) continue;
    ++mistakes;
    mistaken += next - deadline;
  }
  const auto count = static_cast<double>(over.beats.size() - 1);
  return {detection / count, static_cast<double>(mistakes) / over.hours(),
          1 - mistaken / over.beats.back().taken};
}

quality run_fixed(const trace& over, double knob) {
  return run_rule(over, [knob](const trace::beat& one) { return one.taken + knob; });
}

/// NFD-E of Chen et al., section 6: the mean arrival, shifted to the next beat, and a margin. With a second
/// window of one beat it is the two-window detector of Tomsic et al. (2015).
quality run_chen(const trace& over, double knob, bool two_windows) {
  moving_sums shifts{window};
  return run_rule(over, [&, knob, two_windows](const trace::beat& one) {
    const auto number = std::floor(one.sent / over.interval);
    const auto shift = one.taken - number * over.interval;
    shifts.add(shift);
    const auto expected = two_windows ? std::max(shifts.mean(), shift) : shifts.mean();
    return expected + (number + 1) * over.interval + knob;
  });
}

/// The intervals of a rule that judges by them.
quality run_phi(const trace& over, const std::function<double(const moving_sums&)>& patience) {
  moving_sums intervals{window};
  double before = -1;
  return run_rule(over, [&](const trace::beat& one) {
    intervals.add(before < 0 ? over.interval : one.taken - before);
    before = one.taken;
    return one.taken + patience(intervals);
  });
}

instant at(double ms) {  // rounded, so that a judgement is never asked for just before it is due
  return instant{std::chrono::round<duration>(std::chrono::duration<double, std::milli>{ms})};
}

double ms_of(instant when) {
  return std::chrono::duration<double, std::milli>{when.time_since_epoch()}.count();
}

/// All else as by default.
detector_options options_for(const trace& over) {
  detector_options options;
  options.interval = at(over.interval).time_since_epoch();
  return options;
}

/// bulwark's detector, driven as its actor drives it: judged when due, or late after a stall.
class own_run {
 public:
  own_run(const trace& over, const detector_options& options)
      : over_{over}, detector_{options, {1}, instant{}} {}

  quality run() {
    double detection = 0, mistaken = 0;
    std::size_t mistakes = 0, samples = 0, number = 0;
    for (const auto& one : over_.beats) {
      judge_until(one.taken);
      const bool suspected = detector_.state(1) == peer_state::suspect;
      if (suspected) {
        ++mistakes;
        mistaken += one.taken - suspected_at_;
      }
      detector_.answered(1, at(one.sent), at(one.taken), changes_);
      if (++number % 251 != 0) continue;
      detection += one.taken + patience() - one.sent - over_.interval / 2;
      ++samples;
    }
    return {detection / static_cast<double>(samples), static_cast<double>(mistakes) / over_.hours(),
            1 - mistaken / over_.beats.back().taken};
  }

 private:
  void judge_until(double end) {
    for (;;) {
      auto due = ms_of(detector_.next_judgement());
      while (stall_ < over_.stalls.size() && over_.stalls[stall_].end <= due) ++stall_;
      if (stall_ < over_.stalls.size() && due >= over_.stalls[stall_].begin) due = over_.stalls[stall_].end;
      if (due > end) return;
      changes_.clear();
      detector_.judge(at(due), changes_);
      if (!changes_.empty()) suspected_at_ = due;
    }
  }

  /// For how long it keeps trusting if nothing comes any more.
  [[nodiscard]] double patience() const {
    auto copy = detector_;
    std::vector<peer_change> seen;
    while (seen.empty()) copy.judge(copy.next_judgement(), seen);
    return std::chrono::duration<double, std::milli>{seen.front().silence}.count();
  }

  const trace& over_;
  failure_detector detector_;
  std::vector<peer_change> changes_;
  std::size_t stall_ = 0;
  double suspected_at_ = 0;
};

}  // namespace

std::vector<rival> all_rivals() {
  return {
      {"fixed", 4000, run_fixed},
      {"Chen", 4000, [](const trace& over, double knob) { return run_chen(over, knob, false); }},
      {"two windows", 4000, [](const trace& over, double knob) { return run_chen(over, knob, true); }},
      {"phi exact", 20'000,
       [](const trace& over, double knob) {
         return run_phi(over, [knob](const moving_sums& of) {
           return of.mean() + knob * std::max(of.deviation(), 0.1);
         });
       }},
      {"phi exponential", 40,
       [](const trace& over, double knob) {
         return run_phi(over,
                        [knob](const moving_sums& of) { return knob * std::numbers::ln10 * of.mean(); });
       }},
      {"bulwark", 20'000,
       [](const trace& over, double knob) {
         auto options = options_for(over);
         options.timeout = std::max(at(knob).time_since_epoch(), duration{1});
         return own_run{over, options}.run();
       }},
  };
}

quality as_by_default(detector_kind kind, const trace& over) {
  auto options = options_for(over);
  options.kind = kind;
  return own_run{over, options}.run();
}

quality at_detection_time(const rival& one, const trace& over, double detection_ms) {
  double low = 0, high = one.knob_max;
  quality best;
  for (int i = 0; i < 24; ++i) {
    const auto middle = (low + high) / 2;
    best = one.run(over, middle);
    if (std::abs(best.detection_ms - detection_ms) < detection_ms / 100) break;
    (best.detection_ms < detection_ms ? low : high) = middle;
  }
  return best;
}

}  // namespace bulwark::bench
