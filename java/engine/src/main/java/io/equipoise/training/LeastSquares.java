package io.equipoise.training;

/** A linear regression that rows are added to one by one, without an intercept of its own. */
final class LeastSquares {
    /** Ridge, as a share of each input's own mean square: what can't be told apart stays small. */
    private static final double RIDGE = 1e-6;

    private final double[][] moment;
    private final double[] product;
    /** Σ output². */
    private double square;

    LeastSquares(int inputs) {
        moment = new double[inputs][inputs];
        product = new double[inputs];
    }

    /**
     * All that it holds.
     *
     * @param moment (I, I)
     * @param product (I)
     */
    record State(double[][] moment, double[] product, double square) {}

    State state() {
        var copy = new double[moment.length][];
        for (int k = 0; k < copy.length; k++) copy[k] = moment[k].clone();
        return new State(copy, product.clone(), square);
    }

    void restore(State state) {
        for (int k = 0; k < product.length; k++) {
            product[k] = state.product()[k];
            System.arraycopy(state.moment()[k], 0, moment[k], 0, product.length);
        }
        square = state.square();
    }

    void add(double[] input, double output) {
        square += output * output;
        for (int k = 0; k < input.length; k++) {
            product[k] += input[k] * output;
            for (int l = 0; l < input.length; l++) moment[k][l] += input[k] * input[l];
        }
    }

    /** Adds all of another's rows, each counting {@code weight} times. */
    void add(LeastSquares other, double weight) {
        square += weight * other.square;
        for (int k = 0; k < product.length; k++) {
            product[k] += weight * other.product[k];
            for (int l = 0; l < product.length; l++) moment[k][l] += weight * other.moment[k][l];
        }
    }

    /** Makes every row so far count less. */
    void fade(double factor) {
        square *= factor;
        for (int k = 0; k < product.length; k++) {
            product[k] *= factor;
            for (int l = 0; l < product.length; l++) moment[k][l] *= factor;
        }
    }

    /**
     * The coefficients, by Gaussian elimination on the ridged normal equations; a positive definite matrix needs no
     * pivoting. An input that was always 0 gets 0.
     */
    double[] solve() {
        return solve(0);
    }

    /**
     * The same where inputs have the output's unit: one whose mean square is far below {@code least} times the output's gets
     * nearly 0. What it would get otherwise may be made of rounding errors.
     */
    double[] solve(double least) {
        return solveRidged(least * square + Double.MIN_NORMAL);
    }

    private double[] solveRidged(double ridge) {
        int inputs = product.length;
        var left = new double[inputs][];
        for (int k = 0; k < inputs; k++) {
            left[k] = moment[k].clone();
            left[k][k] += RIDGE * moment[k][k] + ridge;
        }
        double[] right = product.clone();
        for (int k = 0; k < inputs; k++) {
            for (int row = k + 1; row < inputs; row++) {
                double factor = left[row][k] / left[k][k];
                for (int l = k; l < inputs; l++) left[row][l] -= factor * left[k][l];
                right[row] -= factor * right[k];
            }
        }
        for (int k = inputs - 1; k >= 0; k--) {
            for (int l = k + 1; l < inputs; l++) right[k] -= left[k][l] * right[l];
            right[k] /= left[k][k];
        }
        return right;
    }
}
