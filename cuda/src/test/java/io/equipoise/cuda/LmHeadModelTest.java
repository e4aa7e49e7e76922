package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.cuda.LmHeadModel.Bound;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class LmHeadModelTest {
    private static final int[] ROWS = {1, 4, 16, 64, 128, 256};

    /** By hand, so that a mistake in a formula shows. */
    @Test
    void countsWhatEachWayMoves() {
        var model = new LmHeadModel(64, 50_257, 768);
        // 393 tiles of 128 columns, the last with 81.
        assertThat(model.fusedBytes()).isEqualTo(77_194_752 + 98_304 + 32 * 64 * 393);
        assertThat(model.fusedCacheBytes()).isEqualTo(77_194_752 + 393 * 98_304);
        assertThat(model.fusedOperations()).isEqualTo(2L * 768 * 64 * 50_304);
        assertThat(model.separateBytes()).isEqualTo(77_194_752 + 98_304 + 4L * 64 * 50_257);
        assertThat(model.separateOperations()).isEqualTo(2L * 768 * 64 * 50_257);
        assertThat(model.separateSeconds()).isCloseTo(90_158_848 / 3.35e12, within(1e-12));
        // One row more is another row of tiles.
        var wider = new LmHeadModel(65, 50_257, 768);
        assertThat(wider.fusedCacheBytes()).isEqualTo(2 * model.fusedCacheBytes());
        assertThat(wider.fusedOperations()).isEqualTo(2 * model.fusedOperations());
    }

    @Test
    void theDocumentHasItsTable() throws IOException {
        var document = Files.readString(Path.of("../docs/cuda.md"));
        for (long columns : new long[] {50_257, 128_256}) {
            for (long depth : new long[] {768, 4096}) {
                for (int rows : ROWS) assertThat(document).contains(line(rows, columns, depth));
            }
        }
    }

    private static String line(long rows, long columns, long depth) {
        var model = new LmHeadModel(rows, columns, depth);
        return String.format(
                Locale.ROOT,
                "| %d | %d | %d | %.1f | %.1f | %.2f | %.2f | %.1f, %s | %.1f | %s |\n",
                columns,
                depth,
                rows,
                model.fusedBytes() * 1e-6,
                model.separateBytes() * 1e-6,
                model.fusedOperations() * 1e-9,
                model.separateOperations() * 1e-9,
                model.fusedSeconds() * 1e6,
                model.bound().name().toLowerCase(Locale.ROOT),
                model.separateSeconds() * 1e6,
                model.fuses() ? "`lm_head_sample`" : "product, `sample`");
    }

    /** Up to a row of tiles where the depth hides the noise, nothing past it. */
    @Test
    void theRuleIsThatOfTheDocument() {
        for (long columns : new long[] {50_257, 128_256}) {
            for (int rows = 1; rows <= 256; rows++) {
                for (int depth : new int[] {512, 768, 4096}) {
                    assertThat(new LmHeadModel(rows, columns, depth).fuses())
                            .as("%d rows, depth %d", rows, depth)
                            .isEqualTo(rows <= 64);
                }
            }
            assertThat(new LmHeadModel(1, columns, 768).bound()).isEqualTo(Bound.MEMORY);
            assertThat(new LmHeadModel(64, columns, 256).bound()).isEqualTo(Bound.NOISE);
            assertThat(new LmHeadModel(128, columns, 4096).bound()).isEqualTo(Bound.CACHE);
        }
    }

    @Test
    void emptyShapesAreRefused() {
        assertThatThrownBy(() -> new LmHeadModel(0, 1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rows, columns and depth must be >= 1, got 0, 1, 1");
    }
}
