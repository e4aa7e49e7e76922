package io.equipoise.target;

import io.equipoise.InvalidInputException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Scores texts with the features of constraints, in parallel. */
public final class FeatureScores {
    private static final int QUOTED = 80;

    private FeatureScores() {}

    /**
     * φ of every text.
     *
     * @param constraints F of them
     * @param texts B decoded texts
     * @return (B, F): row i belongs to text i, column f to constraint f, whatever the number of threads
     * @throws InvalidInputException if a feature's scores can't be used: not finite or, of a boolean feature or in a
     *     pointwise constraint, neither 0 nor 1; or a text is too much for its regular expression. Names the feature and the
     *     first such text
     * @throws IllegalArgumentException if a feature throws; names these too
     */
    public static double[][] score(List<Constraint> constraints, List<String> texts) {
        var columns = List.copyOf(constraints);
        var rows = List.copyOf(texts);
        var scores = new double[rows.size()][columns.size()];
        var failures = new AtomicReferenceArray<@Nullable IllegalArgumentException>(rows.size());
        var firstFailure = new AtomicInteger(rows.size());
        IntStream.range(0, rows.size()).parallel().forEach(i -> {
            if (i > firstFailure.get()) return; // an earlier text's failure is the one that will be told
            try {
                for (int f = 0; f < columns.size(); f++) scores[i][f] = score(columns.get(f), i, rows.get(i));
            } catch (IllegalArgumentException failure) {
                failures.set(i, failure);
                firstFailure.accumulateAndGet(i, Math::min);
            }
        });
        if (firstFailure.get() < rows.size()) {
            var failure = failures.get(firstFailure.get());
            if (failure != null) throw failure;
        }
        return scores;
    }

    private static double score(Constraint constraint, int index, String text) {
        double score;
        try {
            score = constraint.feature().score(text);
        } catch (StackOverflowError failure) { // a regex may exhaust the stack on a long text
            throw new InvalidInputException(
                    "feature '" + constraint.name() + "' failed on " + quote(index, text)
                            + "; simplify the pattern: a group that repeats, such as (a|b)*, takes stack every time, [ab]*"
                            + " none: " + failure,
                    failure);
        } catch (InvalidInputException failure) {
            throw new InvalidInputException(failed(constraint, index, text, failure), failure);
        } catch (RuntimeException failure) { // the fault of the feature's code, whatever it throws
            throw new IllegalArgumentException(failed(constraint, index, text, failure), failure);
        }
        if (!Double.isFinite(score)) {
            throw new InvalidInputException(
                    "feature '" + constraint.name() + "' scored " + score + " on " + quote(index, text)
                            + ", wanted a finite number; make it return one for every text, the empty one too");
        }
        if ((constraint.pointwise() || constraint.feature().isBoolean()) && score != 0 && score != 1) {
            throw new InvalidInputException("feature '" + constraint.name() + "' scored " + score + " on "
                    + quote(index, text) + ", wanted 0 or 1"
                    + (constraint.feature().isBoolean() ? "" : " because its constraint is pointwise"));
        }
        return score;
    }

    private static String failed(Constraint constraint, int index, String text, Throwable failure) {
        return "feature '" + constraint.name() + "' failed on " + quote(index, text) + ": " + failure;
    }

    private static String quote(int index, String text) {
        String shown = text.length() <= QUOTED ? text : text.substring(0, QUOTED) + "…";
        return "text " + index + " \"" + shown.replace("\n", "\\n") + '"';
    }
}
