package io.equipoise.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.model.TabularModel;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * After a test no owner holds more native memory than before it. Found by JUnit itself, so every test of every module that has
 * the engine's tests on its class path is held to it.
 */
public final class LeakCheck implements BeforeEachCallback, AfterEachCallback {
    private SortedMap<String, Long> before = new TreeMap<>();

    @Override
    public void beforeEach(ExtensionContext context) {
        TabularModel.forgetAll();
        before = NativeMemory.byOwner();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        TabularModel.closeAll();
        var more = NativeMemory.byOwner();
        before.forEach((owner, bytes) -> more.merge(owner, -bytes, Long::sum));
        more.values().removeIf(bytes -> bytes <= 0);
        assertThat(more).as("bytes more than before the test, by owner").isEmpty();
    }
}
