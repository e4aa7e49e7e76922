package io.equipoise.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a model's sequences begin and end: {@code bos_token_id} and {@code eos_token_id} of {@code generation_config.json},
 * which are those that transformers' {@code generate} goes by, or else of {@code config.json}.
 *
 * @param bos begins every sequence
 * @param eos each ends one
 * @param remarks what a reader of the files wouldn't expect
 */
record SpecialTokens(int bos, EosTokens eos, List<Remark> remarks) {
    private static final Logger LOG = LoggerFactory.getLogger(SpecialTokens.class);
    private static final String GENERATION = "generation_config.json";
    private static final JsonFile JSON = JsonFile.of(16, 100_000);
    private static final int LARGEST = 1 << 20;
    private static final String BOS = "bos_token_id";
    private static final String EOS = "eos_token_id";

    /** {@code GPT2Config}'s default of both, where config.json doesn't have the key. */
    private static final int GPT2_DEFAULT = 50256;

    /**
     * A line for the log.
     *
     * @param warning whether something may have to be mended
     */
    record Remark(boolean warning, String text) {}

    SpecialTokens {
        remarks = List.copyOf(remarks);
    }

    /**
     * Reads them.
     *
     * @param config the folder's config.json
     * @throws ModelFormatException when generation_config.json is broken, or a file has what is no token
     */
    static SpecialTokens read(Path folder, JsonNode config, int vocabulary) {
        var file = folder.resolve(GENERATION);
        var generation = Files.isRegularFile(file) ? Optional.of(JSON.read(file, LARGEST)) : Optional.<JsonNode>empty();
        if (generation.isPresent() && !generation.get().isObject()) {
            throw new ModelFormatException(file + " is not a JSON object; download it again, or delete it");
        }
        var remarks = new ArrayList<Remark>();
        var eos = eos(folder, config, generation, vocabulary, remarks);
        int bos = bos(folder, config, generation, vocabulary, eos, remarks);
        return new SpecialTokens(bos, eos, remarks);
    }

    /** Logs the remarks. */
    void tell() {
        for (var remark : remarks) {
            if (remark.warning()) LOG.warn("{}", remark.text());
            else LOG.info("{}", remark.text());
        }
    }

    private static EosTokens eos(
            Path folder, JsonNode config, Optional<JsonNode> generation, int vocabulary, List<Remark> remarks) {
        var configured = tokens(config, folder.resolve("config.json"));
        var generated = generation.flatMap(json -> tokens(json, folder.resolve(GENERATION)));
        if (generated.isPresent() && configured.isPresent() && !generated.equals(configured)) {
            remarks.add(new Remark(
                    false,
                    folder + ": texts end with eos_token_id " + generated.get() + " of generation_config.json, as"
                            + " transformers' generate ends them, not with " + configured.get() + " of config.json"));
        }
        if (generation.isPresent() && generated.isEmpty() && configured.isPresent()) {
            remarks.add(new Remark(
                    true,
                    folder + ": generation_config.json has no eos_token_id, so texts end with " + configured.get()
                            + " of config.json; transformers' generate doesn't look there and would end no text: write"
                            + " \"eos_token_id\": " + configured.get() + " into generation_config.json"));
        }
        var named = generated.or(() -> configured).orElseGet(() -> missing(config, EOS, vocabulary));
        var known = new LinkedHashSet<>(named);
        known.removeIf(token -> token < 0 || token >= vocabulary);
        if (known.size() < named.size()) {
            remarks.add(new Remark(
                    true,
                    folder + ": eos_token_id " + named + " has a token that the vocabulary of " + vocabulary
                            + " doesn't, which no text can end with; write one that it has into "
                            + (generated.isPresent() ? GENERATION : "config.json")));
        }
        if (known.isEmpty()) {
            remarks.add(new Remark(
                    true,
                    folder + ": nothing ends a text but its length: neither generation_config.json nor config.json has"
                            + " an eos_token_id of the vocabulary; if a token ends texts, write"
                            + " \"eos_token_id\": TOKEN into either"));
        }
        return EosTokens.of(known);
    }

    private static int bos(
            Path folder,
            JsonNode config,
            Optional<JsonNode> generation,
            int vocabulary,
            EosTokens eos,
            List<Remark> remarks) {
        if (generation.isPresent() && isThere(generation.get(), BOS)) {
            return bos(generation.get(), folder.resolve(GENERATION), vocabulary);
        }
        if (isThere(config, BOS)) return bos(config, folder.resolve("config.json"), vocabulary);
        for (int token : eos.ids()) {
            remarks.add(new Remark(
                    false,
                    folder + " has no bos_token_id: texts begin with token " + token
                            + ", which ends them too, as GPT-2's do"));
            return token;
        }
        for (int token : missing(config, BOS, vocabulary)) return token;
        throw new ModelFormatException(folder + " has neither a bos_token_id nor an eos_token_id of the vocabulary of "
                + vocabulary + " in config.json or generation_config.json, and every text begins with one; write"
                + " \"bos_token_id\": TOKEN into config.json, the token that the model's texts begin with");
    }

    private static boolean isThere(JsonNode json, String key) {
        return !json.path(key).isMissingNode() && !json.path(key).isNull();
    }

    /** What {@code GPT2Config} takes where config.json doesn't even say null, in a vocabulary that has it. */
    private static Set<Integer> missing(JsonNode config, String key, int vocabulary) {
        return config.has(key) || vocabulary <= GPT2_DEFAULT ? Set.of() : Set.of(GPT2_DEFAULT);
    }

    private static int bos(JsonNode json, Path file, int vocabulary) {
        int token = token(json.path(BOS), json.path(BOS), BOS, file);
        if (token >= 0 && token < vocabulary) return token;
        throw new ModelFormatException(file + ": bos_token_id must be a token of the vocabulary of " + vocabulary
                + ", got " + token + "; write the one that the model's texts begin with (GPT-2's is the one that ends"
                + " them)");
    }

    /** One or several; empty where there is none or null. */
    private static Optional<Set<Integer>> tokens(JsonNode json, Path file) {
        if (!isThere(json, EOS)) return Optional.empty();
        var node = json.path(EOS);
        var tokens = new LinkedHashSet<Integer>();
        if (!node.isArray()) tokens.add(token(node, node, EOS, file));
        else for (var each : node) tokens.add(token(each, node, EOS, file));
        if (tokens.isEmpty()) throw none(node, EOS, file);
        return Optional.of(tokens);
    }

    private static int token(JsonNode node, JsonNode all, String key, Path file) {
        if (!node.isIntegralNumber() || !node.canConvertToInt()) throw none(all, key, file);
        return node.asInt();
    }

    private static ModelFormatException none(JsonNode got, String key, Path file) {
        return new ModelFormatException(file + ": " + key + " must be "
                + (key.equals(EOS)
                        ? "the number of the token that ends a text, or a list of such tokens"
                        : "the number of the token that texts begin with")
                + ", got " + got + "; write that");
    }
}
