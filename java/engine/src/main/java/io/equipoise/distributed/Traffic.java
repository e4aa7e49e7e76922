package io.equipoise.distributed;

/**
 * What one rank's operations have cost since the beginning.
 *
 * @param sentBytes that a ring sends for them: 2·(N − 1)/N of a sum's bytes, (N − 1)/N of a gather's, all of a broadcast's at
 *     most once
 * @param sumSeconds that this rank has waited for sums, instead of computing
 * @param gatherSeconds the same for everything else, which includes waiting for slower ranks to come
 */
public record Traffic(long sentBytes, double sumSeconds, double gatherSeconds) {
    static final Traffic NONE = new Traffic(0, 0, 0);

    /** What has been added since. */
    public Traffic since(Traffic earlier) {
        return new Traffic(
                sentBytes - earlier.sentBytes, sumSeconds - earlier.sumSeconds, gatherSeconds - earlier.gatherSeconds);
    }
}
