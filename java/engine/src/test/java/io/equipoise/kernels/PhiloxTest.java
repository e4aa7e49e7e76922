package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.HashSet;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class PhiloxTest {
    @Test
    void givesTheKnownAnswersOfRandom123() throws IOException {
        int vectors = 0;
        try (var file = Objects.requireNonNull(PhiloxTest.class.getResourceAsStream("philox.json"))) {
            for (var vector : new ObjectMapper().readTree(file).get("vectors")) {
                int[] c = words(vector.get("counter"));
                int[] k = words(vector.get("key"));
                assertThat(Philox.block(c[0], c[1], c[2], c[3], k[0], k[1])).isEqualTo(words(vector.get("output")));
                vectors++;
            }
        }
        assertThat(vectors).isEqualTo(3);
    }

    private static int[] words(JsonNode hex) {
        var words = new int[hex.size()];
        for (int i = 0; i < words.length; i++)
            words[i] = Integer.parseUnsignedInt(hex.get(i).asText(), 16);
        return words;
    }

    @Test
    void uniformIsMadeOfTheFirstTwoWords() {
        // The zero counter under the zero key gives the words 6627e8d5 e169c58d …
        long bits = (0x6627e8d5L << 21) | (0xe169c58dL >>> 11);
        assertThat(Philox.uniform(0, 0, 0, 0)).isEqualTo(bits * 0x1p-53);
    }

    @Test
    void everyArgumentCountsWithAllItsBits() {
        var seen = new HashSet<Double>();
        for (int bit = 0; bit < 64; bit++) {
            assertThat(seen.add(Philox.uniform(1L << bit, 0, 0, 0))).isTrue();
            assertThat(seen.add(Philox.uniform(0, 1L << bit, 0, 0))).isTrue();
        }
        for (int bit = 0; bit < 32; bit++) {
            assertThat(seen.add(Philox.uniform(0, 0, 1 << bit, 0))).isTrue();
            assertThat(seen.add(Philox.uniform(0, 0, 0, 1 << bit))).isTrue();
        }
    }

    @Test
    void uniformStaysBelowOneAndHasTheMeanAndVarianceOfOne() {
        double sum = 0;
        double squares = 0;
        int draws = 100_000;
        for (int i = 0; i < draws; i++) {
            double u = Philox.uniform(42, i, 0, 0);
            assertThat(u >= 0 && u < 1).isTrue();
            sum += u - 0.5;
            squares += (u - 0.5) * (u - 0.5);
        }
        // Five standard errors of the mean and of the variance of a uniform number.
        assertThat(Math.abs(sum / draws)).isLessThan(5 * Math.sqrt(1 / 12.0 / draws));
        assertThat(Math.abs(squares / draws - 1 / 12.0)).isLessThan(5 * Math.sqrt(1 / 180.0 / draws));
    }
}
