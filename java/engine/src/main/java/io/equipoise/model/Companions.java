package io.equipoise.model;

import io.equipoise.files.BoundedFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a model folder that a saved model takes along unchanged: what transformers saves of tokenizer and generation,
 * and the licence. Those that nobody here has read are taken only if they are whole files of the folder, so that a folder of
 * strangers can't have others of this machine's files copied by links.
 */
final class Companions {
    private static final Logger LOG = LoggerFactory.getLogger(Companions.class);

    /** Read and judged when the model was loaded, wherever a link leads. */
    private static final List<String> READ = List.of("tokenizer.json", "generation_config.json");

    private static final List<String> UNREAD = List.of(
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "chat_template.jinja",
            "chat_template.json",
            "vocab.json",
            "merges.txt",
            "vocab.txt",
            "tokenizer.model",
            "spiece.model",
            "sentencepiece.bpe.model",
            "LICENSE",
            "LICENSE.txt",
            "LICENSE.md",
            "NOTICE",
            "NOTICE.txt");
    /** Where transformers keeps a chat template's variants, by name. */
    private static final String TEMPLATES = "additional_chat_templates";

    private static final Pattern TEMPLATE = Pattern.compile("[A-Za-z0-9_-]{1,100}\\.jinja");
    private static final int MOST_TEMPLATES = 100;
    /** Bytes. */
    private static final int LARGEST = 64 << 20;

    private Companions() {}

    /** Logs which of a folder's companions won't be taken along, and why. */
    static void tell(Path origin) {
        for (String name : unread(origin)) {
            reason(origin, origin.resolve(name))
                    .ifPresent(why -> LOG.warn("{} {}; a model saved from it goes without", origin.resolve(name), why));
        }
    }

    /** Copies them. */
    static void copy(Path origin, Path folder) throws IOException {
        for (String name : READ) {
            if (Files.isRegularFile(origin.resolve(name))) copyFile(origin.resolve(name), folder.resolve(name));
        }
        for (String name : unread(origin)) {
            if (reason(origin, origin.resolve(name)).isPresent()) continue;
            if (name.startsWith(TEMPLATES)) Files.createDirectories(folder.resolve(TEMPLATES));
            copyFile(origin.resolve(name), folder.resolve(name));
        }
    }

    private static void copyFile(Path from, Path to) throws IOException {
        Files.copy(new ByteArrayInputStream(BoundedFile.bytes(from, LARGEST)), to, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Those of {@link #UNREAD} that are there, and the variants of the chat template. */
    private static List<String> unread(Path origin) {
        var names = new ArrayList<>(UNREAD.stream()
                .filter(name -> Files.isRegularFile(origin.resolve(name)))
                .toList());
        var templates = origin.resolve(TEMPLATES);
        if (!Files.isDirectory(templates)) return names;
        try (var files = Files.list(templates)) {
            files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> TEMPLATE.matcher(name).matches())
                    .sorted()
                    .limit(MOST_TEMPLATES)
                    .forEach(name -> names.add(TEMPLATES + "/" + name));
        } catch (IOException e) {
            LOG.warn("{} can't be listed ({}); a model saved from it goes without", templates, e.getMessage());
        }
        return names;
    }

    /** Why a file isn't taken along; empty when it is. */
    private static Optional<String> reason(Path origin, Path file) {
        try {
            var target = file.toRealPath();
            if (!Files.isRegularFile(target)) return Optional.of("is not a file");
            if (!target.startsWith(origin.toRealPath()) && !isInCache(origin, target)) {
                return Optional.of("is a link out of the folder");
            }
            if (Files.size(target) > LARGEST) return Optional.of("has more than " + LARGEST + " bytes");
            try (var stream = Files.newInputStream(target)) {
                if (GitLfsPointer.is(stream.readNBytes(GitLfsPointer.BEGINNING_BYTES))) {
                    return Optional.of("is a Git LFS pointer (run git lfs pull)");
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of("can't be read (" + e.getMessage() + ")");
        }
    }

    /** The Hub's cache keeps a model's files in {@code blobs}, and in {@code snapshots/REVISION} links to them. */
    private static boolean isInCache(Path origin, Path target) throws IOException {
        var snapshots = Optional.ofNullable(origin.toRealPath().getParent());
        return snapshots
                .filter(folder -> folder.endsWith("snapshots"))
                .map(folder -> target.startsWith(folder.resolveSibling("blobs")))
                .orElse(false);
    }
}
