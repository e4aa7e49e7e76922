package io.equipoise.cuda.card;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.kernels.KernelException;
import io.equipoise.kernels.KernelProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs test classes without Maven, one after the other, and writes what came of each to a JSON file, which is whole after
 * every class: what a time limit cuts off is named there as {@code running}. Its exit code is 0 if in every class at least one
 * test passed and none failed.
 *
 * <pre>FILE CLASS…</pre>
 *
 * The kernels are those that the system property {@code equipoise.test.kernels} names.
 */
public final class TestRun {
    private static final int LONGEST_MESSAGE = 2000;

    private TestRun() {}

    public static void main(String[] arguments) throws IOException {
        var classes = Arrays.copyOfRange(arguments, 1, arguments.length);
        System.exit(run(Path.of(arguments[0]), classes) ? 0 : 1);
    }

    /** Whether all passed. */
    static boolean run(Path file, String... classes) throws IOException {
        var report = Json.object();
        report.put("device", device());
        ArrayNode list = report.putArray("classes");
        var launcher = LauncherFactory.create();
        boolean passed = classes.length > 0;
        for (String name : classes) {
            report.put("running", name);
            Json.write(file, report);
            var outcome = run(launcher, name);
            list.add(outcome);
            passed &=
                    outcome.path("passed").asInt() > 0 && outcome.path("failed").asInt() == 0;
            System.out.println(name + ": " + outcome.path("passed") + " passed, " + outcome.path("failed") + " failed, "
                    + outcome.path("skipped") + " skipped, " + outcome.path("seconds") + " s");
        }
        report.remove("running");
        report.put("passed", passed);
        Json.write(file, report);
        return passed;
    }

    private static String device() {
        try {
            return KernelProvider.named(System.getProperty("equipoise.test.kernels", "cuda"))
                    .description();
        } catch (KernelException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static ObjectNode run(Launcher launcher, String name) {
        var outcome = new Outcome();
        long start = System.nanoTime();
        try {
            var request = LauncherDiscoveryRequestBuilder.request()
                    .selectors(selectClass(Class.forName(name)))
                    .configurationParameter("junit.jupiter.extensions.autodetection.enabled", "true")
                    .build();
            launcher.execute(request, outcome);
        } catch (ClassNotFoundException | LinkageError e) {
            outcome.fail(name, e);
        }
        double seconds = Math.rint((System.nanoTime() - start) * 1e-6) / 1e3;
        return outcome.json().put("class", name).put("seconds", seconds);
    }

    /** Of one class. A container that fails, as one whose arguments can't be made, counts as a test. */
    private static final class Outcome implements TestExecutionListener {
        private int passed;
        private int failed;
        private int skipped;
        private final ArrayNode failures = Json.array();
        private final ArrayNode reasons = Json.array();

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            switch (result.getStatus()) {
                case SUCCESSFUL -> passed += test.isTest() ? 1 : 0;
                case ABORTED ->
                    skip(test, result.getThrowable().map(Throwable::getMessage).orElse(""));
                case FAILED ->
                    fail(test.getDisplayName(), result.getThrowable().orElseGet(() -> new AssertionError("no reason")));
            }
        }

        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            skip(test, reason);
        }

        private void skip(TestIdentifier test, String reason) {
            skipped++;
            reasons.addObject().put("test", test.getDisplayName()).put("reason", reason);
        }

        void fail(String test, Throwable failure) {
            failed++;
            String message = failure.getClass().getName() + ": " + failure.getMessage();
            failures.addObject()
                    .put("test", test)
                    .put("message", message.substring(0, Math.min(LONGEST_MESSAGE, message.length())));
            failure.printStackTrace();
        }

        ObjectNode json() {
            var json = Json.object();
            json.put("passed", passed).put("failed", failed).put("skipped", skipped);
            json.set("failures", failures);
            json.set("skips", reasons);
            return json;
        }
    }
}
