package io.equipoise.cli.summary;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * One of the two numbers of a comparison.
 *
 * @param of what it is of: a method
 * @param planned how many runs it is to be the mean of; 0 for what isn't measured
 */
record Side(String of, Estimate estimate, int planned) {
    /** Whether enough runs are there to judge by: two, or one where there is to be one. */
    boolean isEnough() {
        return estimate.isKnown() && estimate.runs() >= Math.min(2, planned);
    }

    /** What this has beyond another of the same method. */
    Side minus(Side other) {
        return new Side(of, estimate.minus(other.estimate), Math.min(planned, other.planned));
    }

    ObjectNode json() {
        var node = estimate.json();
        node.put("of", of);
        return node;
    }
}
