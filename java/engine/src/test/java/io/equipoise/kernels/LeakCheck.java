package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.memory.Vector;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Native memory held after a test is what was held before it. */
final class LeakCheck implements BeforeEachCallback, AfterEachCallback {
    private long before;

    @Override
    public void beforeEach(ExtensionContext context) {
        before = Vector.liveBytes();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        assertThat(Vector.liveBytes())
                .as("bytes of native memory after the test")
                .isEqualTo(before);
    }
}
