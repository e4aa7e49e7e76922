package io.equipoise.cli.summary;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Predicate;

/**
 * Something that is said to be so, and the comparisons that show whether it is.
 *
 * @param id in JSON
 * @param text what is claimed
 * @param paper where and how often the paper has it
 * @param rule what is compared
 * @param share of the comparisons that must hold
 */
record Claim(String id, String text, String paper, String rule, double share, List<Comparison> comparisons) {
    /** What came of it. */
    enum Verdict {
        REPRODUCED("reproduced"),
        /** As many comparisons hold as are wanted, but too few by more than the noise, as far as that is known. */
        NOT_CLEARLY("as claimed, not clearly"),
        NOT_REPRODUCED("not reproduced"),
        NOT_ENOUGH_RUNS("not enough runs");

        private final String words;

        Verdict(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    Claim {
        comparisons = List.copyOf(comparisons);
    }

    /** How many must hold. */
    int needed() {
        return (int) Math.ceil(share * comparisons.size() - 1e-9);
    }

    /** How many of those must hold by more than two standard errors: half. */
    int neededClearly() {
        return (needed() + 1) / 2;
    }

    int holding() {
        return count(Comparison::holds);
    }

    int holdingClearly() {
        return count(Comparison::holdsClearly);
    }

    int failingClearly() {
        return count(Comparison::failsClearly);
    }

    /** How many have enough runs. */
    int known() {
        return count(Comparison::isEnough);
    }

    private int count(Predicate<Comparison> which) {
        return (int) comparisons.stream().filter(which).count();
    }

    /** No verdict while a comparison lacks runs: a claim is about all of them. */
    Verdict verdict() {
        if (comparisons.isEmpty() || known() < comparisons.size()) return Verdict.NOT_ENOUGH_RUNS;
        if (holding() < needed()) return Verdict.NOT_REPRODUCED;
        return holdingClearly() >= neededClearly() ? Verdict.REPRODUCED : Verdict.NOT_CLEARLY;
    }

    /** {@code 6 of 10}, those with enough runs. */
    String count() {
        return holding() + " of " + known() + (known() < comparisons.size() ? " so far" : "");
    }

    ObjectNode json() {
        var node = JsonNodeFactory.instance.objectNode();
        node.put("id", id);
        node.put("claim", text);
        node.put("paper", paper);
        node.put("rule", rule);
        node.put("verdict", verdict().toString());
        node.put("holds", holding());
        node.put("needed", needed());
        node.put("neededBeyondTwoStandardErrors", neededClearly());
        node.put("enoughRuns", known());
        node.put("comparisons", comparisons.size());
        node.put("beyondTwoStandardErrors", holdingClearly());
        node.put("oppositeBeyondTwoStandardErrors", failingClearly());
        var figures = node.putArray("figures");
        for (var comparison : comparisons) figures.add(comparison.json());
        return node;
    }
}
