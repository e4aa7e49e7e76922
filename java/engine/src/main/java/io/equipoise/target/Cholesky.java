package io.equipoise.target;

/** Solves small symmetric positive semidefinite systems. */
final class Cholesky {
    private Cholesky() {}

    /**
     * x of (A + r·I) x = b, where r starts at {@code ridge} times A's largest diagonal entry and grows tenfold until the
     * factorisation A + r·I = L·Lᵀ exists.
     *
     * @param matrix (F, F), its lower triangle is read
     * @param rightSide (F)
     */
    static double[] solve(double[][] matrix, double[] rightSide, double ridge) {
        int size = rightSide.length;
        double largest = Double.MIN_NORMAL;
        for (int i = 0; i < size; i++) largest = Math.max(largest, matrix[i][i]);
        for (double added = ridge * largest; ; added = Math.max(added * 10, Double.MIN_NORMAL)) {
            var lower = new double[size][size];
            if (factorise(matrix, added, lower)) return substitute(lower, rightSide);
        }
    }

    private static boolean factorise(double[][] matrix, double added, double[][] lower) {
        for (int i = 0; i < lower.length; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = matrix[i][j] + (i == j ? added : 0);
                for (int k = 0; k < j; k++) sum -= lower[i][k] * lower[j][k];
                if (i != j) {
                    lower[i][j] = sum / lower[j][j];
                } else if (sum > 0) {
                    lower[i][i] = Math.sqrt(sum);
                } else {
                    return false;
                }
            }
        }
        return true;
    }

    private static double[] substitute(double[][] lower, double[] rightSide) {
        var x = rightSide.clone();
        for (int i = 0; i < x.length; i++) {
            for (int k = 0; k < i; k++) x[i] -= lower[i][k] * x[k];
            x[i] /= lower[i][i];
        }
        for (int i = x.length - 1; i >= 0; i--) {
            for (int k = i + 1; k < x.length; k++) x[i] -= lower[k][i] * x[k];
            x[i] /= lower[i][i];
        }
        return x;
    }
}
