package io.equipoise.cli.summary;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The claims of Korbak, Elsahar, Kruszewski, Dymetman (NeurIPS 2022, arXiv 2206.00761), and one of ours, as comparisons of
 * means over seeds.
 */
final class PaperClaims {
    /** How far a moment may be from the desired one. */
    static final double TOLERANCE = 0.1;

    private static final String OURS = "gdc++";
    private static final String BEFORE = "gdc";
    private static final String REWARD = "reinforce";
    /** Of comparisons where the paper gives no count: more than half. */
    static final double MOST = 0.5 + 1e-6;

    private final Results results;

    PaperClaims(Results results) {
        this.results = results;
    }

    List<Claim> all() {
        return List.of(
                onAllTasks(
                        "constraintSatisfaction",
                        "gdc++ satisfies the constraints better than gdc",
                        "7 of 10 tasks",
                        0.7,
                        Measure.DISTANCE),
                onAllTasks(
                        "klTargetPolicy",
                        "gdc++ comes nearer to the target than gdc",
                        "10 of 10 tasks",
                        1,
                        Measure.KL_TARGET_POLICY),
                onAllTasks(
                        "klPolicyBase",
                        "gdc++ stays nearer to the base model than gdc",
                        "10 of 10 tasks",
                        1,
                        Measure.KL_POLICY_BASE),
                gradientVariance(),
                smallBatches(),
                reward(),
                leavesBase(),
                diversity(),
                moments());
    }

    private Claim onAllTasks(String id, String text, String paper, double share, Measure measure) {
        var comparisons = new ArrayList<Comparison>();
        for (var task : results.tasks()) {
            if (!results.methods(task).containsAll(List.of(OURS, BEFORE))) continue;
            comparisons.add(compare(task, measure, OURS, BEFORE, true));
        }
        return new Claim(id, text, paper, "less " + measure.symbol() + " with gdc++ than with gdc", share, comparisons);
    }

    private Comparison compare(Task task, Measure measure, String ahead, String behind, boolean less) {
        return new Comparison(
                task,
                measure.label(),
                results.side(task, ahead, Results.OWN, run -> run.after(measure)),
                results.side(task, behind, Results.OWN, run -> run.after(measure)),
                less);
    }

    private Claim gradientVariance() {
        var comparisons = new ArrayList<Comparison>();
        for (var task : results.withBatchSizes()) {
            comparisons.add(new Comparison(
                    task,
                    "variance of a text's gradient, mean over steps",
                    variance(task, OURS),
                    variance(task, BEFORE),
                    true));
        }
        return new Claim(
                "gradientVariance",
                "gdc++ has the lower variance of the gradient",
                "shown on a task of each kind",
                "less variance of a text's gradient, mean over steps, with gdc++ than with gdc",
                1,
                comparisons);
    }

    /** Of the runs in which it was measured. */
    private Side variance(Task task, String method) {
        double[] values = results.of(task, method, Results.OWN).stream()
                .flatMap(run -> run.values(RunResult.GRADIENT_VARIANCE).stream())
                .mapToDouble(steps ->
                        Arrays.stream(steps).filter(Double::isFinite).average().orElse(Double.NaN))
                .toArray();
        return new Side(method, Estimate.of(values), results.planned(task, method, Results.OWN));
    }

    private Claim smallBatches() {
        var comparisons = new ArrayList<Comparison>();
        for (var task : results.withBatchSizes()) {
            var sizes = results.batchSizes(task);
            int small = sizes.get(0);
            int large = sizes.get(sizes.size() - 1);
            for (var measure : List.of(Measure.DISTANCE, Measure.KL_TARGET_POLICY)) {
                comparisons.add(new Comparison(
                        task,
                        measure.label() + ", batches of " + small + " less " + large,
                        loss(task, OURS, measure, small, large),
                        loss(task, BEFORE, measure, small, large),
                        true));
            }
        }
        return new Claim(
                "smallBatches",
                "gdc++ is more robust than gdc at small batches",
                "shown on a task of each kind",
                "from the largest batches to the smallest, with the same number of texts in total, distance and KL(p‖π)"
                        + " rise by less with gdc++ than with gdc",
                MOST,
                comparisons);
    }

    private Side loss(Task task, String method, Measure measure, int small, int large) {
        return results.sideAt(task, method, small, run -> run.after(measure))
                .minus(results.sideAt(task, method, large, run -> run.after(measure)));
    }

    private List<Task> rewarded() {
        return results.pointwise().stream()
                .filter(task -> results.methods(task).containsAll(List.of(OURS, REWARD)))
                .toList();
    }

    private Claim reward() {
        var comparisons = new ArrayList<Comparison>();
        for (var task : rewarded()) comparisons.add(compare(task, Measure.DISTANCE, REWARD, OURS, true));
        return new Claim(
                "rewardWinsReward",
                "maximising the reward wins the reward",
                "on the pointwise tasks",
                "less mean |E_π φ − desired| with reinforce than with gdc++",
                MOST,
                comparisons);
    }

    private Claim leavesBase() {
        var comparisons = new ArrayList<Comparison>();
        for (var task : rewarded()) comparisons.add(compare(task, Measure.KL_POLICY_BASE, OURS, REWARD, true));
        return new Claim(
                "rewardLeavesBase",
                "maximising the reward goes far from the base model",
                "on the pointwise tasks",
                "less KL(π‖a) with gdc++ than with reinforce",
                MOST,
                comparisons);
    }

    private Claim diversity() {
        var comparisons = new ArrayList<Comparison>();
        for (var task : rewarded()) {
            comparisons.add(compare(task, Measure.DISTINCT_1, OURS, REWARD, false));
            comparisons.add(compare(task, Measure.SELF_BLEU_5, OURS, REWARD, true));
        }
        return new Claim(
                "rewardLosesDiversity",
                "maximising the reward loses diversity",
                "on the pointwise tasks",
                "more Distinct-1 and less Self-BLEU-5 with gdc++ than with reinforce",
                MOST,
                comparisons);
    }

    private Claim moments() {
        var comparisons = new ArrayList<Comparison>();
        for (var task : results.distributional()) {
            for (var constraint : task.constraints()) {
                var side =
                        results.side(task, OURS, Results.OWN, run -> run.after().moment(constraint.name()));
                var distance = new Side(OURS, side.estimate().distanceFrom(constraint.moment()), side.planned());
                comparisons.add(new Comparison(
                        task,
                        "|E_π " + constraint.name() + " − " + Estimate.number(constraint.moment()) + "|",
                        distance,
                        new Side("tolerance", Estimate.exact(TOLERANCE), 0),
                        true));
            }
        }
        return new Claim(
                "moments",
                "gdc++ meets every feature of the distributional tasks",
                "not the paper's: wanted here",
                "|E_π φ − desired|, E_π φ the mean over seeds, is less than " + TOLERANCE,
                1,
                comparisons);
    }
}
