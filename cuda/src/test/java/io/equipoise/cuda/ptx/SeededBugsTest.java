package io.equipoise.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.cuda.CudaKernels;
import io.equipoise.kernels.Kernels;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The shipped kernels are right, and would not be with any of these bugs: each is noticed, and this is how. */
class SeededBugsTest {
    private static final double TOLERANCE = 1e-4;

    static Kernels edited(UnaryOperator<String> edit) {
        return new CudaKernels(new EditedDevice(new PtxInterpreter(80, 2, 1), edit));
    }

    private static Optional<String> difference(List<Double> actual, List<Double> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            double a = actual.get(i);
            double e = expected.get(i);
            boolean close = Math.abs(a - e) <= TOLERANCE * (1 + Math.abs(e));
            if (!close && Double.compare(a, e) != 0)
                return Optional.of("result " + i + " differs: " + a + ", not " + e);
        }
        return Optional.empty();
    }

    @ParameterizedTest
    @EnumSource
    void theShippedKernelIsRight(SeededWork work) {
        assertThat(difference(work.run(edited(UnaryOperator.identity())), work.expected()))
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.cuda.ptx.SeededBugs#list")
    void isNoticed(SeededBugs.Bug bug) {
        var expected = bug.work().expected();
        String found;
        try {
            found = difference(bug.work().run(edited(bug.edit())), expected).orElse("nothing");
        } catch (Fault e) {
            found = e.getMessage();
        }
        assertThat(found).containsPattern(bug.noticed());
    }
}
