package io.equipoise.cli;

import io.equipoise.files.Sha256;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The model that comes in the jar, unpacked into the user's cache at first use. */
final class EmbeddedModel {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedModel.class);
    private static final List<String> FILES =
            List.of("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "NOTICE");

    private EmbeddedModel() {}

    /** Its folder. */
    static Path folder() throws IOException {
        return folder(cache());
    }

    /** Its folder under a cache folder, or, where that can't be written, a temporary one that ends with this process. */
    static Path folder(Path cache) throws IOException {
        var files = files();
        var folder = cache.resolve("embedded-" + digest(files));
        if (isWhole(folder, files)) return folder;
        try {
            return unpack(files, folder);
        } catch (IOException e) {
            // Of a name that nobody can foresee: what lies under a known one may be somebody else's.
            var temporary = Files.createTempDirectory("equipoise-");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(temporary), "delete the embedded model"));
            LOG.info("can't keep the embedded model in {} ({}); it is in {}", folder, e.toString(), temporary);
            return unpack(files, temporary.resolve(folder.getFileName()));
        }
    }

    private static void delete(Path folder) {
        try {
            Folders.delete(folder);
        } catch (IOException e) {
            // Whoever empties temporary folders does it.
        }
    }

    private static Path cache() {
        // The launcher has chosen one that can be written.
        String chosen = System.getProperty("equipoise.cache", System.getenv().getOrDefault("EQUIPOISE_CACHE", ""));
        if (!chosen.isEmpty()) return Path.of(chosen);
        String xdg = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
        // The XDG specification: a relative path there is to be ignored.
        var root = xdg.startsWith("/") ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return root.resolve("equipoise");
    }

    private static Map<String, byte[]> files() throws IOException {
        var files = new LinkedHashMap<String, byte[]>();
        for (String name : FILES) {
            try (var stream = EmbeddedModel.class.getResourceAsStream("embedded/" + name)) {
                if (stream == null) throw new IllegalStateException("the jar lacks embedded/" + name);
                files.put(name, stream.readAllBytes());
            }
        }
        return files;
    }

    private static String digest(Map<String, byte[]> files) {
        var digest = new Sha256();
        files.values().forEach(digest::add);
        return digest.hex().substring(0, 16);
    }

    private static boolean isWhole(Path folder, Map<String, byte[]> files) throws IOException {
        for (var file : files.entrySet()) {
            var path = folder.resolve(file.getKey());
            if (!Files.isRegularFile(path) || !Arrays.equals(Files.readAllBytes(path), file.getValue())) return false;
        }
        return true;
    }

    /** Written aside, then renamed, so that nobody sees half of it. */
    private static Path unpack(Map<String, byte[]> files, Path folder) throws IOException {
        Files.createDirectories(folder.resolveSibling(""));
        var aside = Files.createTempDirectory(folder.resolveSibling(""), ".embedded-");
        for (var file : files.entrySet()) Files.write(aside.resolve(file.getKey()), file.getValue());
        // A folder that isn't whole any more makes way.
        if (Files.exists(folder)) Folders.delete(folder);
        try {
            Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException | DirectoryNotEmptyException | AtomicMoveNotSupportedException e) {
            // Another process was faster, with the same content.
            if (!isWhole(folder, files)) throw e;
            Folders.delete(aside);
        }
        return folder;
    }
}
