package io.equipoise.benchmarks;

/** What is timed must be right: setups compare with the reference first. */
final class Agreement {
    private Agreement() {}

    /** @throws IllegalStateException where two results are further apart than the tolerance */
    static void require(String what, float[] actual, float[] reference, double tolerance) {
        require(what, actual, reference, tolerance, 0);
    }

    /** The same with a tolerance that grows by a share of the reference's value. */
    static void require(String what, float[] actual, float[] reference, double tolerance, double share) {
        if (actual.length != reference.length) {
            throw new IllegalStateException(
                    what + ": " + actual.length + " elements, the reference has " + reference.length);
        }
        for (int i = 0; i < reference.length; i++) {
            if (!(Math.abs(actual[i] - reference[i]) <= tolerance + share * Math.abs(reference[i]))) {
                throw new IllegalStateException(
                        what + ": element " + i + " is " + actual[i] + ", the reference's is " + reference[i]);
            }
        }
    }
}
