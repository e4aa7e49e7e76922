package io.equipoise.cuda.card;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.equipoise.cuda.CudaProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts {@code on-card} and {@code bundle}, as far as they go without a card and without building anything. */
class OnCardTest {
    @TempDir
    private Path folder;

    private record Run(int code, String output) {}

    /** As on a bare machine: nothing of this process's environment but the path. */
    private static Run run(String... command) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().retainAll(List.of("PATH"));
        var process = builder.start();
        process.getOutputStream().close();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Run(process.waitFor(), output);
    }

    private Run onCard(String... options) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("./on-card"));
        command.addAll(List.of(options));
        command.add(folder.resolve("out").toString());
        return run(command.toArray(String[]::new));
    }

    @Test
    void withoutADriverItSaysWhatItNeedsAndFails() throws Exception {
        assumeThat(new CudaProvider().unavailable().orElse("")).startsWith("no NVIDIA driver");
        var run = onCard();
        assertThat(run.code()).as(run.output()).isEqualTo(2);
        assertThat(run.output())
                .contains("no NVIDIA driver", "compute capability 8.0", "CUDA 13", "cuda/bundle", "compute-sanitizer");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void withoutABundleItSaysHowToMakeOne() throws Exception {
        var run = onCard("--device", "interpreter", "--bundle", folder.toString());
        assertThat(run.code()).as(run.output()).isEqualTo(2);
        assertThat(run.output()).contains("no bundle in " + folder, "run cuda/bundle");
    }

    @Test
    void optionsThatArentThereAreRefused() throws Exception {
        assertThat(onCard("--gpu").output()).contains("no option --gpu");
        assertThat(onCard("--device", "tpu").output()).contains("--device is tpu, wanted cuda or interpreter");
        assertThat(onCard("--seconds", "soon").output()).contains("--seconds is soon, wanted a number");
        assertThat(onCard("--gpu").code()).isEqualTo(2);
        assertThat(run("./bundle", "--fast").code()).isEqualTo(2);
    }

    /** A Java that can't be started stands for a machine that the bundle wasn't made for. */
    @Test
    void aBundleThatCantRunHereIsRefused() throws Exception {
        var bundle = folder.resolve("bundle");
        var java = Files.createDirectories(bundle.resolve("java/bin")).resolve("java");
        Files.writeString(java, "#!/usr/bin/env bash\necho version GLIBC_2.99 not found >&2\nexit 1\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.createDirectories(bundle.resolve("lib"));
        Files.writeString(bundle.resolve("manifest"), "glibc=GLIBC_2.99\n");
        Files.writeString(bundle.resolve("tests"), "io.equipoise.kernels.AdamTest\n");
        var run = onCard("--device", "interpreter", "--bundle", bundle.toString());
        assertThat(run.code()).as(run.output()).isEqualTo(2);
        assertThat(run.output()).contains("GLIBC_2.99 not found", "needs the C library of GLIBC_2.99");
    }

    /** Those of the profile cuda that aren't of models, each a class that can be loaded. */
    @Test
    void theBundleRunsTheKernelsTestsOfTheProfile() throws Exception {
        var run = run("./bundle", "--tests");
        assertThat(run.code()).as(run.output()).isZero();
        List<String> names = run.output().lines().toList();
        assertThat(names)
                .contains("io.equipoise.kernels.AdamTest", "io.equipoise.cuda.LmHeadSampleTest")
                .doesNotHaveDuplicates();
        String pom = Files.readString(Path.of("pom.xml"));
        long wanted = 0;
        for (String property : List.of("kernel.tests", "device.tests")) {
            var pattern =
                    Pattern.compile("<" + property + ">(.*)</" + property + ">").matcher(pom);
            assertThat(pattern.find()).as(property).isTrue();
            wanted += pattern.group(1).split("\\|", -1).length;
            var expression = Pattern.compile(pattern.group(1));
            assertThat(names.stream().map(name -> name.replace('.', '/') + ".class"))
                    .as(property)
                    .anyMatch(file -> expression.matcher(file).matches());
        }
        assertThat(names).hasSize(Math.toIntExact(wanted));
        for (String name : names) assertThat(Class.forName(name).getName()).isEqualTo(name);
    }

    @Test
    void scriptsAreWellFormed() throws Exception {
        for (String script : List.of("on-card", "bundle")) {
            var run = run("bash", "-n", script);
            assertThat(run.code()).as(run.output()).isZero();
            assertThat(Files.isExecutable(Path.of(script))).as(script).isTrue();
        }
    }

    /** What is copied for a card's machine is never committed: the folder is one that git ignores. */
    @Test
    void theBundlesFolderIsIgnored() throws IOException {
        assertThat(Files.readString(Path.of("bundle"))).contains("$root/cuda/target/bundle");
        try (Stream<String> lines = Files.lines(Path.of("../.gitignore"))) {
            assertThat(lines).contains("target/");
        }
    }
}
