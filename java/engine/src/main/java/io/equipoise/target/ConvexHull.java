package io.equipoise.target;

/** The convex hull of a sample's points. */
final class ConvexHull {
    private static final int MOST_ITERATIONS = 2000;
    /** Of the squared distance that may be left to gain. */
    private static final double TOLERANCE = 1e-12;

    private ConvexHull() {}

    /**
     * The hull's point nearest to {@code centre}, less {@code centre}: 0 inside the hull, otherwise the normal of the face
     * nearest to it. Pairwise Frank–Wolfe (Lacoste-Julien and Jaggi 2015), which converges linearly on a polytope.
     *
     * @param points (n, F), n at least 1
     * @param centre (F)
     */
    static double[] nearest(double[][] points, double[] centre) {
        var share = new double[points.length];
        share[0] = 1;
        var nearest = minus(points[0], centre);
        for (int iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
            int towards = 0;
            int away = -1;
            double least = Double.POSITIVE_INFINITY;
            double most = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < points.length; i++) {
                double along = Dual.dot(nearest, points[i]);
                if (along < least) {
                    least = along;
                    towards = i;
                }
                if (share[i] > 0 && along > most) {
                    most = along;
                    away = i;
                }
            }
            if (away < 0 || most - least <= TOLERANCE * Dual.dot(nearest, nearest)) break;
            var direction = minus(points[towards], points[away]);
            double length = Math.min(share[away], (most - least) / Dual.dot(direction, direction));
            share[towards] += length;
            share[away] = length == share[away] ? 0 : share[away] - length;
            for (int f = 0; f < nearest.length; f++) nearest[f] += length * direction[f];
        }
        return nearest;
    }

    private static double[] minus(double[] one, double[] other) {
        var difference = one.clone();
        for (int f = 0; f < difference.length; f++) difference[f] -= other[f];
        return difference;
    }
}
