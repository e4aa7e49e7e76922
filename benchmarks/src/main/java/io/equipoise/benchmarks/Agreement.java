package io.equipoise.benchmarks;

/** What is timed must be right: setups compare with the reference first. */
final class Agreement {
    private Agreement() {}

    /** @throws IllegalStateException where two results are further apart than the tolerance, in nats */
    static void require(String what, float[] actual, float[] reference, double tolerance) {
        for (int i = 0; i < reference.length; i++) {
            if (!(Math.abs(actual[i] - reference[i]) <= tolerance)) {
                throw new IllegalStateException(
                        what + ": element " + i + " is " + actual[i] + ", the reference's is " + reference[i]);
            }
        }
    }
}
