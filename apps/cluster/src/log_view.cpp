// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/log_view.hpp"

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <variant>

#include "bulwark/consensus/log_inspector.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

namespace {

using consensus::log_visitor;
using nlohmann::ordered_json;

std::size_t payload_bytes(const consensus::value& what) {
  std::size_t sum = 0;
  for (const auto& one : what.commands) sum += one.payload.size();
  return sum;
}

/// The fields of a record, by their names in docs/protocol.md.
struct record_fields {
  ordered_json operator()(const consensus::promise_record& r) const {
    return {{"record", "promise"}, {"ballot", to_string(r.promised)}};
  }
  ordered_json operator()(const consensus::accepted_entry& r) const {
    return {{"record", "accepted"},
            {"slot", number(r.at)},
            {"ballot", to_string(r.under)},  // "0": learned as chosen
            {"commands", r.what.commands.size()},
            {"payload_bytes", payload_bytes(r.what)}};
  }
  ordered_json operator()(const consensus::chosen_record& r) const {
    return {{"record", "chosen"}, {"slot", number(r.chosen)}};
  }
};

/// Prints each piece as one line; both forms have the same fields.
class inspection_printer final : public log_visitor {
 public:
  inspection_printer(log_detail detail, bool json, std::ostream& out)
      : detail_{detail}, json_{json}, out_{out} {}

  [[nodiscard]] bool damaged() const { return damages_ > 0; }

  void on_beginning(std::uint64_t first_segment, consensus::group_id group, consensus::slot kept) override {
    print("beginning", {{"first_segment", first_segment}, {"group", number(group)}, {"kept", number(kept)}});
  }
  void on_snapshot(const snapshot& what) override {
    print("snapshot", {{"file", what.file},
                       {"group", number(what.group)},
                       {"slot", number(what.at)},
                       {"bytes", what.bytes},
                       {"whole", what.whole}});
  }
  void on_segment(const segment& what) override {
    print("segment", {{"segment", what.number},
                      {"node", what.node},
                      {"first_batch", what.first_batch},
                      {"capacity_bytes", what.capacity_bytes},
                      {"file", what.file}});
  }
  void on_record(const place& where, const consensus::group_record& what) override {
    if (detail_ != log_detail::records) return;
    ordered_json fields{{"segment", where.segment},
                        {"batch", where.batch},
                        {"offset", where.offset},
                        {"bytes", where.bytes},
                        {"group", number(what.group)}};
    fields.update(std::visit(record_fields{}, what.what));
    print("record", fields);
  }
  void on_damage(const std::string& what) override {
    ++damages_;
    print("damage", {{"what", what}});
  }

  void conclude(const totals& all) {
    print("total", {{"segments", all.segments},
                    {"batches", all.batches},
                    {"records", all.records},
                    {"snapshots", all.snapshots},
                    {"damages", damages_},
                    {"unfinished_end", all.torn}});
  }

 private:
  void print(const char* kind, const ordered_json& fields) {
    if (json_) {
      ordered_json line{{"kind", kind}};
      line.update(fields);
      out_ << compact(line) << '\n';
      return;
    }
    out_ << kind;
    for (const auto& [name, value] : fields.items())
      out_ << "  " << name << '=' << (value.is_string() ? value.get<std::string>() : value.dump());
    out_ << '\n';
  }

  const log_detail detail_;
  const bool json_;
  std::ostream& out_;
  std::uint64_t damages_ = 0;
};

}  // namespace

exit_code show_log(const std::filesystem::path& directory, log_detail detail, bool json, std::ostream& out) {
  // Of a node's data directory, or of the log itself.
  const auto inside = directory / "log";
  const auto& log = std::filesystem::is_directory(inside) ? inside : directory;
  if (!std::filesystem::is_directory(log))
    throw failure(exit_code::usage, log.string() + " is no directory",
                  "expected the data directory of a node, or the directory log in it");
  inspection_printer printer{detail, json, out};
  try {
    printer.conclude(consensus::inspect_log(log, printer));
  } catch (const consensus::log_failure& problem) {
    throw failure(exit_code::unhealthy, problem.what());
  }
  out.flush();
  return printer.damaged() ? exit_code::unhealthy : exit_code::ok;
}

}  // namespace bulwark::cluster
