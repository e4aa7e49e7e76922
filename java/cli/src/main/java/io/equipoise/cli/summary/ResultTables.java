package io.equipoise.cli.summary;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** All results as a page of Markdown. */
final class ResultTables {
    private static final String ABOUT = """
            # Results in tables

            Made by `./equipoise experiments --summary` from `results/`; not written by hand. Each figure is a mean over runs that
            differ by their seed, ± its standard error where there are two runs or more. π: the policy, a: the base model, p: the
            target. KL(p‖π) is measured on samples of the base model, the same for every run of a task; all else on samples of the
            policy. [README.md](README.md) says how.

            """;

    private final Results results;
    private final StringBuilder page = new StringBuilder();

    private ResultTables(Results results) {
        this.results = results;
    }

    static String of(Results results, List<Claim> claims) {
        var tables = new ResultTables(results);
        tables.page.append(ABOUT).append(SummaryText.runs(results)).append("\n\n");
        tables.claims(claims);
        for (var task : results.tasks()) tables.task(task);
        for (var task : results.withBatchSizes()) tables.batchSizes(task);
        return tables.page.toString();
    }

    private void claims(List<Claim> claims) {
        page.append("## Claims\n\n");
        row("claim", "in the paper", "rule", "here", "verdict");
        row("---", "---", "---", "---", "---");
        for (var claim : claims) {
            row(
                    claim.text(),
                    claim.paper(),
                    claim.rule(),
                    SummaryText.outcome(claim),
                    claim.verdict().toString());
        }
        page.append('\n');
        for (int i = 0; i < claims.size(); i++) {
            var claim = claims.get(i);
            page.append("### ").append(i + 1).append(". ").append(claim.text()).append("\n\n");
            row("task", "measure", "ahead, if the claim holds", "behind", "");
            row("---", "---", "---", "---", "---");
            for (var comparison : claim.comparisons()) {
                row(
                        comparison.task().label(),
                        comparison.measure(),
                        side(comparison.ahead()),
                        side(comparison.behind()),
                        SummaryText.sign(comparison).strip());
            }
            page.append('\n');
        }
        page.append("""
                \\+ as claimed, ++ by more than two standard errors; − not so, −− by as much the other way round; ? lacks runs.

                """);
    }

    private static String side(Side side) {
        int runs = side.estimate().runs();
        return side.of() + " " + side.estimate() + (runs == 0 ? "" : runs == 1 ? " (1 run)" : " (" + runs + " runs)");
    }

    private void task(Task task) {
        var methods = results.methods(task);
        page.append("## ").append(task.label()).append("\n\n");
        var head = new ArrayList<>(List.of("", "desired", "base model"));
        head.addAll(methods);
        row(head);
        row(head.stream().map(cell -> cell.isEmpty() ? "---" : "---:").toList());
        row("runs", "", "", cells(task, method -> runs(task, method, task.batchSize())));
        row("steps", "", "", cells(task, method -> steps(task, method)));
        for (var constraint : task.constraints()) {
            row(
                    "E_π φ of " + constraint.name() + (constraint.pointwise() ? ", pointwise" : ""),
                    Estimate.number(constraint.moment()),
                    base(task, run -> run.before().moment(constraint.name())),
                    cells(
                            task,
                            method -> figure(task, method, task.batchSize(), run -> run.after()
                                    .moment(constraint.name()))));
        }
        for (var measure : Measure.values()) {
            row(
                    measure.label(),
                    "",
                    base(task, run -> run.before(measure)),
                    cells(task, method -> figure(task, method, task.batchSize(), run -> run.after(measure))));
        }
        page.append('\n');
    }

    private List<String> cells(Task task, Function<String, String> cell) {
        return results.methods(task).stream().map(cell).toList();
    }

    private String figure(Task task, String method, int size, ToDoubleFunction<RunResult> value) {
        return results.sideAt(task, method, size, value).estimate().toString();
    }

    private String runs(Task task, String method, int size) {
        int made = results.sideAt(task, method, size, run -> 0).estimate().runs();
        int planned = results.plannedAt(task, method, size);
        return made == planned ? Integer.toString(made) : made + " of " + planned;
    }

    private String steps(Task task, String method) {
        String steps = results.of(task, method, Results.OWN).stream()
                .map(RunResult::steps)
                .distinct()
                .sorted()
                .map(String::valueOf)
                .collect(Collectors.joining(", "));
        return steps.isEmpty() ? "–" : steps;
    }

    private String base(Task task, ToDoubleFunction<RunResult> value) {
        return results.first(task)
                .map(run -> Estimate.of(value.applyAsDouble(run)).toString())
                .orElse("–");
    }

    private void batchSizes(Task task) {
        page.append("## ")
                .append(task.label())
                .append(
                        " at other batch sizes\n\nEvery run samples the same number of texts in total: the smaller the batches, the more steps.\n\n");
        row(
                "batch size",
                "method",
                "runs",
                Measure.DISTANCE.label(),
                Measure.KL_TARGET_POLICY.label(),
                Measure.KL_POLICY_BASE.label());
        row("---:", "---", "---:", "---:", "---:", "---:");
        for (int size : results.batchSizes(task)) {
            for (String method : results.methods()) {
                // Methods that have one size only are in the table above.
                if (results.plannedAt(task, method, size) == 0 || sizes(task, method) < 2) continue;
                row(
                        Integer.toString(size),
                        method,
                        runs(task, method, size),
                        figure(task, method, size, run -> run.after(Measure.DISTANCE)),
                        figure(task, method, size, run -> run.after(Measure.KL_TARGET_POLICY)),
                        figure(task, method, size, run -> run.after(Measure.KL_POLICY_BASE)));
            }
        }
        page.append('\n');
    }

    private long sizes(Task task, String method) {
        return results.batchSizes(task).stream()
                .filter(size -> results.plannedAt(task, method, size) > 0)
                .count();
    }

    private void row(String first, String second, String third, List<String> more) {
        var cells = new ArrayList<>(List.of(first, second, third));
        cells.addAll(more);
        row(cells);
    }

    private void row(String... cells) {
        row(List.of(cells));
    }

    private void row(List<String> cells) {
        page.append("| ")
                .append(cells.stream().map(ResultTables::escape).collect(Collectors.joining(" | ")))
                .append(" |\n");
    }

    /** A bar would end the cell. */
    private static String escape(String cell) {
        return cell.replace("|", "\\|");
    }
}
