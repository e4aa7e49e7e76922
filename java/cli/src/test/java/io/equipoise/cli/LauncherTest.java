package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The script {@code equipoise}, in a tree of its own and with programs of its own on the PATH: a {@code java} that only writes
 * down how it was started, an {@code apt-get} that installs nothing.
 */
@DisabledOnOs(OS.WINDOWS)
class LauncherTest {
    /** What the script and the stubs take from the system. */
    private static final List<String> SYSTEM = List.of(
            "bash", "sh", "env", "find", "readlink", "dirname", "mkdir", "chmod", "mktemp", "mv", "rm", "tail", "cat");

    /** Beyond ASCII, where this process can pass it on. */
    private static final boolean UTF_8 = "UTF-8".equals(System.getProperty("sun.jnu.encoding"));

    private static final String CAFE = UTF_8 ? "café" : "cafe";

    private static final String JAVA = """
            #!/bin/sh
            case " $* " in
            *" -version "*)
              if [ -e "$STUBS/broken" ]; then
                echo "Error occurred during initialization of VM"
                exit 1
              fi
              charset=ANSI_X3.4-1968
              case "${LC_ALL:-}" in "$(cat "$STUBS/utf-8")") charset=UTF-8 ;; esac
              echo "-XX:InitialHeapSize=1 -XX:MaxHeapSize=$(cat "$STUBS/heap") -XX:+PrintCommandLineFlags"
              echo "Property settings:"
              echo "    java.home = $STUBS/jdk"
              echo "    java.specification.version = $(cat "$STUBS/version")"
              echo "    java.version = $(cat "$STUBS/version").0.1"
              echo "    sun.jnu.encoding = $charset"
              echo "    user.home = $(cat "$STUBS/user.home")"
              ;;
            *)
              for argument; do echo "$argument"; done
              env
              ;;
            esac
            """;

    @TempDir
    private Path temporary = Path.of("");

    private Path root = Path.of("");
    private Path stubs = Path.of("");
    private Path bin = Path.of("");
    private Path home = Path.of("");
    private final Map<String, String> environment = new HashMap<>();

    private record Run(int code, String out, String err) {
        List<String> lines() {
            return out.lines().toList();
        }
    }

    @BeforeEach
    void makeTree() throws IOException {
        // As a checkout may be called.
        root = temporary.resolve("a checkout, " + CAFE);
        stubs = Files.createDirectories(temporary.resolve("stubs"));
        bin = Files.createDirectories(stubs.resolve("bin"));
        var project = Path.of("../..");
        copy(project.resolve("equipoise"), root.resolve("equipoise"));
        for (String part : List.of("tools.sh", "surroundings.sh")) {
            String path = "java/cli/src/main/bash/" + part;
            copy(project.resolve(path), root.resolve(path));
        }
        for (String folder : List.of(".mvn", "native", "cuda")) Files.createDirectories(root.resolve(folder));
        Files.writeString(root.resolve("pom.xml"), "");
        program(root.resolve("cuda/has-driver.sh"), "#!/bin/sh\nexit 1\n");
        program(root.resolve("mvnw"), "#!/bin/sh\necho mvnw \"$@\"\nenv\n");
        for (String name : SYSTEM) Files.createSymbolicLink(bin.resolve(name), ofSystem(name));
        program(bin.resolve("java"), JAVA);
        program(bin.resolve("apt-get"), "#!/bin/sh\necho apt-get \"$@\" >>\"$STUBS/apt-get\"\n");
        program(bin.resolve("g++"), "#!/bin/sh\n");
        program(stubs.resolve("jdk/bin/javac"), "#!/bin/sh\n");
        stub("version", "17");
        stub("heap", Long.toString(6L << 30));
        stub("utf-8", "");
        stub("user.home", "/home/somebody");
        environment.put("PATH", bin.toString());
        environment.put("STUBS", stubs.toString());
        home = Files.createDirectories(temporary.resolve("home"));
        environment.put("HOME", home.toString());
        built();
    }

    private static Path ofSystem(String name) {
        for (String folder : List.of("/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")) {
            if (Files.isExecutable(Path.of(folder, name))) return Path.of(folder, name);
        }
        assumeThat(name).as("there is no program " + name).isEmpty();
        return Path.of(name);
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.resolveSibling(""));
        Files.copy(from, to);
    }

    private static void program(Path file, String text) throws IOException {
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void stub(String name, String value) throws IOException {
        Files.writeString(stubs.resolve(name), value);
    }

    /** As a build leaves the tree. */
    private void built() throws IOException {
        var target =
                Files.createDirectories(root.resolve("java/cli/target/lib")).resolveSibling("");
        Files.writeString(target.resolve("equipoise-cli-1.jar"), "");
        Files.writeString(target.resolve("built"), "");
    }

    private void notBuilt() throws IOException {
        Files.delete(root.resolve("java/cli/target/built"));
    }

    private Run launch(String... arguments) throws IOException, InterruptedException {
        return start(root.resolve("equipoise"), arguments);
    }

    private Run start(Path script, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<String>(List.of(bin.resolve("bash").toString(), script.toString()));
        command.addAll(List.of(arguments));
        var out = temporary.resolve("out").toFile();
        var err = temporary.resolve("err").toFile();
        var builder = new ProcessBuilder(command)
                .directory(temporary.toFile())
                .redirectOutput(out)
                .redirectError(err);
        builder.environment().clear();
        builder.environment().putAll(environment);
        var process = builder.start();
        process.getOutputStream().close();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), text(out.toPath()), text(err.toPath()));
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.UTF_8);
    }

    private void assertNothingInstalled() {
        assertThat(stubs.resolve("apt-get")).doesNotExist();
    }

    private void refused(Run run, String... parts) {
        assertThat(run.code()).as(run.err()).isEqualTo(2);
        assertThat(run.err()).contains(parts);
        assertNothingInstalled();
    }

    @Test
    void aBuiltTreeNeedsNothingButJava() throws Exception {
        Files.delete(bin.resolve("g++"));
        Files.delete(stubs.resolve("jdk/bin/javac"));
        var run = launch("sample", "--prompt", "two words, " + CAFE);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.lines()).contains("io.equipoise.cli.Main", "sample", "--prompt", "two words, " + CAFE);
        String target = root.toRealPath() + "/java/cli/target/";
        assertThat(run.lines()).contains(target + "equipoise-cli-1.jar:" + target + "lib/*");
        assertNothingInstalled();
    }

    @Test
    void javaThatDoesNotStartIsQuoted() throws Exception {
        stub("broken", "");
        notBuilt();
        Files.delete(bin.resolve("g++"));
        refused(
                launch("doctor"),
                bin + "/java is there but doesn't start",
                "Error occurred during initialization of VM");
    }

    @Test
    void anOldJavaIsLeftAlone() throws Exception {
        stub("version", "1.8");
        refused(launch("doctor"), "is Java 1.8.0.1, wanted 17 or newer", "JAVA_HOME");
        stub("version", "11");
        refused(launch("doctor"), "is Java 11.0.1, wanted 17 or newer");
    }

    @Test
    void aWrongJavaHomeIsNamed() throws Exception {
        environment.put("JAVA_HOME", "/nowhere");
        refused(launch("doctor"), "JAVA_HOME is /nowhere, but there is no /nowhere/bin/java");
    }

    @Test
    void javaOfJavaHomeIsTaken() throws Exception {
        Files.move(bin.resolve("java"), stubs.resolve("jdk/bin/java"));
        environment.put("JAVA_HOME", stubs.resolve("jdk").toString());
        assertThat(launch("doctor").code()).isZero();
    }

    /** Its packages would take the java that is there along. */
    @Test
    void aJavaWithoutCompilerIsLeftAlone() throws Exception {
        notBuilt();
        Files.delete(stubs.resolve("jdk/bin/javac"));
        refused(launch("doctor"), stubs + "/jdk has no javac", "openjdk-17-jdk-headless", "JAVA_HOME");
    }

    @Test
    void whatIsAbsentIsInstalledByRootAlone() throws Exception {
        notBuilt();
        Files.delete(bin.resolve("java"));
        Files.delete(bin.resolve("g++"));
        var run = launch("doctor");
        String packages = "apt-get install -y --no-upgrade openjdk-17-jdk-headless g++";
        if (isRoot()) {
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err()).contains(packages, "still missing after the installation: java");
            assertThat(text(stubs.resolve("apt-get"))).isEqualTo("""
                            apt-get update -q
                            apt-get install -y -q --no-upgrade openjdk-17-jdk-headless g++
                            """);
        } else {
            refused(run, "a JDK (version 17 or newer) and g++", "sudo " + packages);
        }
    }

    private boolean isRoot() throws IOException {
        return Files.getAttribute(temporary, "unix:uid").equals(0);
    }

    @Test
    void nothingIsInstalledWhenToldSo() throws Exception {
        notBuilt();
        Files.delete(bin.resolve("g++"));
        environment.put("EQUIPOISE_INSTALL", "no");
        refused(launch("doctor"), "needed, but not there: g++", "sudo apt-get install -y --no-upgrade g++");
        built();
        Files.delete(bin.resolve("java"));
        refused(launch("doctor"), "java (version 17 or newer)", "openjdk-17-jre-headless");
    }

    @Test
    void aMissingCompilerOfTheUsersIsNamed() throws Exception {
        notBuilt();
        environment.put("CXX", "no-such-c++ -m64");
        refused(launch("doctor"), "CXX is no-such-c++ -m64, but there is no no-such-c++");
    }

    @Test
    void aLocaleOfAnotherCharsetIsReplaced() throws Exception {
        stub("utf-8", "C.UTF-8");
        environment.put("LC_ALL", "C");
        assertThat(launch("doctor").lines()).contains("LC_ALL=C.UTF-8");
        environment.remove("LC_ALL");
        assertThat(launch("doctor").lines()).contains("LC_ALL=C.UTF-8");
        stub("utf-8", "en_US.UTF-8");
        assertThat(launch("doctor").lines()).contains("LC_ALL=en_US.UTF-8");
    }

    @Test
    void aLocaleInUtf8IsKept() throws Exception {
        stub("utf-8", "tr_TR.UTF-8");
        environment.put("LC_ALL", "tr_TR.UTF-8");
        assertThat(launch("doctor").lines()).contains("LC_ALL=tr_TR.UTF-8");
    }

    @Test
    void withoutAnyUtf8LocaleOnlyAsciiIsTaken() throws Exception {
        assumeThat(UTF_8).as("this process can't pass é on").isTrue();
        stub("utf-8", "none");
        refused(launch("sample", "--prompt", "café"), "there is no UTF-8 locale here", "café");
    }

    @Test
    void everythingIsKeptInOneFolder() throws Exception {
        String cache = home + "/.cache/equipoise";
        assertThat(launch("doctor").lines())
                .contains(
                        "-Dequipoise.cache=" + cache,
                        "-Dorg.bytedeco.javacpp.cachedir=" + cache + "/javacpp",
                        "DJL_CACHE_DIR=" + cache + "/djl",
                        "ENGINE_CACHE_DIR=" + cache + "/djl",
                        "CUDA_CACHE_PATH=" + cache + "/cuda");
        environment.put("XDG_CACHE_HOME", temporary.resolve("xdg").toString());
        assertThat(launch("doctor").lines()).contains("-Dequipoise.cache=" + temporary.resolve("xdg/equipoise"));
        // The specification of these folders has a relative one ignored.
        environment.put("XDG_CACHE_HOME", "xdg");
        assertThat(launch("doctor").lines()).contains("-Dequipoise.cache=" + cache);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a cache", "cache", "~/cache"})
    void theFolderCanBeNamed(String name) throws Exception {
        environment.put("EQUIPOISE_CACHE", name.startsWith("/") ? temporary + name : name);
        var folder = name.startsWith("~") ? home.resolve("cache") : Path.of(temporary + "/" + name);
        assertThat(launch("doctor").lines())
                .anyMatch(line -> line.startsWith("-Dequipoise.cache=/")
                        && line.endsWith(folder.getFileName().toString()));
        assertThat(folder.normalize()).isDirectory();
    }

    @Test
    void aFolderThatCannotBeMadeIsRefused() throws Exception {
        var file = Files.writeString(temporary.resolve("file"), "");
        environment.put("EQUIPOISE_CACHE", file.toString());
        refused(launch("doctor"), "EQUIPOISE_CACHE is " + file, "name another folder");
    }

    @Test
    void withoutAHomeTheFolderIsTemporaryAndTheUsersOwn() throws Exception {
        var tmp = Files.createDirectories(temporary.resolve("tmp"));
        var file = Files.writeString(temporary.resolve("file"), "");
        environment.put("TMPDIR", tmp.toString());
        environment.put("HOME", file.toString());
        var run = launch("doctor");
        assertThat(run.err()).contains(file + "/.cache/equipoise can't be written", "EQUIPOISE_CACHE");
        var folders = children(tmp);
        assertThat(folders).hasSize(1);
        var cache = folders.get(0);
        assertThat(cache.getFileName().toString()).matches("equipoise-\\d+");
        assertThat(Files.getPosixFilePermissions(cache)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        assertThat(run.lines()).contains("-Dequipoise.cache=" + cache, "-Djava.io.tmpdir=" + tmp);
        // Said once, and open to others no longer.
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(launch("doctor").err()).isEmpty();
        assertThat(Files.getPosixFilePermissions(cache)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        // A link leads to where another has put programs.
        Files.move(cache, temporary.resolve("elsewhere"));
        Files.createSymbolicLink(cache, temporary.resolve("elsewhere"));
        refused(launch("doctor"), cache + " isn't a folder of yours alone", "EQUIPOISE_CACHE");
    }

    private static List<Path> children(Path folder) throws IOException {
        try (var entries = Files.list(folder)) {
            return entries.toList();
        }
    }

    /** As for a user whom the system doesn't know. */
    @Test
    void javaThatKnowsNoHomeIsTold() throws Exception {
        stub("user.home", "?");
        assertThat(launch("doctor").lines()).contains("-Duser.home=" + home);
        environment.remove("HOME");
        environment.put("TMPDIR", temporary.toString());
        var run = launch("doctor");
        assertThat(run.err()).contains("there is no home folder");
        assertThat(run.lines()).anyMatch(line -> line.startsWith("-Duser.home=" + temporary + "/equipoise-"));
        assertThat(temporary.resolve("?")).doesNotExist();
    }

    @Test
    void withoutHomeJavaKnowsOne() throws Exception {
        stub("user.home", home.toString());
        environment.remove("HOME");
        assertThat(launch("doctor").lines())
                .contains("-Dequipoise.cache=" + home + "/.cache/equipoise")
                .noneMatch(line -> line.startsWith("-Duser.home="));
    }

    @Test
    void theHeapIsAShareOfTheMemoryThatJavaSees() throws Exception {
        assertThat(launch("doctor").lines()).contains("-Xmx" + (2L << 30), "-Dequipoise.ownHeap=true");
        stub("heap", Long.toString(512L << 20));
        assertThat(launch("doctor").lines()).contains("-Xmx" + (256L << 20));
        stub("heap", Long.toString(100L << 20));
        assertThat(launch("doctor").lines()).contains("-Xmx" + (100L << 20));
    }

    @ParameterizedTest
    @ValueSource(strings = {"EQUIPOISE_JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"})
    void aHeapOfTheUsersIsKept(String variable) throws Exception {
        environment.put(variable, "-Da=* -Xmx3g");
        var lines = launch("doctor").lines();
        assertThat(lines).noneMatch(line -> line.startsWith("-Xmx2")).doesNotContain("-Dequipoise.ownHeap=true");
        if (variable.startsWith("EQUIPOISE")) assertThat(lines).contains("-Da=*", "-Xmx3g");
    }

    @Test
    void nativeAccessIsAskedForWhereJavaWantsIt() throws Exception {
        String option = "--enable-native-access=ALL-UNNAMED";
        assertThat(launch("doctor").lines()).doesNotContain(option);
        stub("version", "25");
        assertThat(launch("doctor").lines()).contains(option);
    }

    @Test
    void aChangedSourceIsBuiltOnce() throws Exception {
        notBuilt();
        var run = launch("doctor");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("building (once; the log is ");
        assertThat(text(root.resolve("java/cli/target/build.log"))).contains("mvnw", "-pl java/cli -am package");
        assertThat(launch("doctor").err()).isEmpty();
    }

    @Test
    void mavenHasFoldersOfItsOwnWhereTheUsersCannotBeWritten() throws Exception {
        notBuilt();
        Files.writeString(home.resolve(".m2"), "in the way");
        stub("user.home", "?");
        assertThat(launch("doctor").code()).isZero();
        String cache = home + "/.cache/equipoise";
        assertThat(text(root.resolve("java/cli/target/build.log")))
                .contains(
                        "-Dmaven.repo.local=" + cache + "/m2/repository",
                        "MAVEN_USER_HOME=" + cache + "/m2",
                        "\"-Duser.home=" + home + "\"");
    }

    /** cd would print another folder's name, and go there. */
    @Test
    void cdPathLeadsNowhere() throws Exception {
        Files.createDirectories(temporary.resolve("other/" + root.getFileName()));
        environment.put("CDPATH", temporary.resolve("other").toString());
        var run = start(Path.of(root.getFileName() + "/equipoise"), "doctor");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.lines()).contains("io.equipoise.cli.Main");
    }

    @Test
    void aColonInTheNameIsRefused() throws Exception {
        var moved = temporary.resolve("a:b");
        Files.move(root, moved);
        root = moved;
        refused(launch("doctor"), "a:b has a colon in its name");
    }

    /** What every push runs goes by the same rules. */
    @Test
    void testsNeedACompilerAndLeaveAloneWhatIsThere() throws Exception {
        copy(Path.of("../../.ci/run"), root.resolve(".ci/run"));
        var run = start(root.resolve(".ci/run"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).startsWith("mvnw -B verify");
        Files.delete(stubs.resolve("jdk/bin/javac"));
        refused(start(root.resolve(".ci/run")), stubs + "/jdk has no javac");
    }
}
