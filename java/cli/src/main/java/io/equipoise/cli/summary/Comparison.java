package io.equipoise.cli.summary;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Two numbers of which a claim has one ahead.
 *
 * @param measure what the numbers are, with their unit
 * @param ahead the one that is to be ahead
 * @param behind the other
 * @param lessIsAhead whether the smaller number is ahead
 */
record Comparison(Task task, String measure, Side ahead, Side behind, boolean lessIsAhead) {
    /** Whether there are enough runs to tell. */
    boolean isEnough() {
        return ahead.isEnough() && behind.isEnough();
    }

    /** Whether it is as the claim has it; a tie isn't. */
    boolean holds() {
        return isEnough() && lead() > 0;
    }

    /** Whether it is as the claim has it by more than two standard errors of the difference. */
    boolean holdsClearly() {
        return isEnough() && lead() > 2 * difference().standardError();
    }

    /** Whether it is the other way round by as much. */
    boolean failsClearly() {
        return isEnough() && -lead() > 2 * difference().standardError();
    }

    private double lead() {
        return lessIsAhead ? -difference().mean() : difference().mean();
    }

    private Estimate difference() {
        return ahead.estimate().minus(behind.estimate());
    }

    ObjectNode json() {
        var node = JsonNodeFactory.instance.objectNode();
        node.put("task", task.name());
        node.put("measure", measure);
        node.put("better", lessIsAhead ? "less" : "more");
        node.set("ahead", ahead.json());
        node.set("behind", behind.json());
        node.put("enoughRuns", isEnough());
        node.put("holds", holds());
        node.put("beyondTwoStandardErrors", holdsClearly());
        node.put("oppositeBeyondTwoStandardErrors", failsClearly());
        return node;
    }
}
