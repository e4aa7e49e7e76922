package io.equipoise.sampling;

import io.equipoise.InvalidInputException;
import io.equipoise.model.PretrainedModel;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;

/**
 * The C different prompts that sequences go on from, each as likely as the others. A prompt's tokens are never trained on and
 * count for no log-probability.
 */
public final class Prompts {
    /** One empty prompt: every sequence begins with BOS. */
    public static final Prompts NONE = new Prompts(List.of(""), new int[][] {{}}, false);

    private static final int QUOTED = 40;

    private final List<String> texts;
    private final int[][] tokens;
    private final boolean inFeatures;

    private Prompts(List<String> texts, int[][] tokens, boolean inFeatures) {
        this.texts = List.copyOf(texts);
        this.tokens = tokens;
        this.inFeatures = inFeatures;
    }

    /**
     * Prompts for a model, as {@link #start} has them.
     *
     * @param inFeatures whether features are scored on a prompt and what follows it, rather than on what follows alone
     * @throws InvalidInputException if there is none, or two have the same tokens
     */
    public static Prompts of(List<String> texts, PretrainedModel model, boolean inFeatures) {
        return of(texts, texts.stream().map(text -> start(text, model)).toArray(int[][]::new), inFeatures);
    }

    /**
     * The same for tokens of another origin.
     *
     * @param tokens C ragged rows, BOS first
     */
    public static Prompts of(List<String> texts, int[][] tokens, boolean inFeatures) {
        if (texts.isEmpty() || texts.size() != tokens.length) {
            throw new IllegalArgumentException("there are " + texts.size() + " prompts and the tokens of "
                    + tokens.length + "; wanted at least one, and tokens for each");
        }
        var known = new HashMap<IntBuffer, Integer>();
        for (int c = 0; c < tokens.length; c++) {
            Integer earlier = known.putIfAbsent(IntBuffer.wrap(tokens[c]), c);
            if (earlier == null) continue;
            throw new InvalidInputException("prompts " + (earlier + 1) + " and " + (c + 1)
                    + " are the same to the model: \"" + shortened(texts.get(c)) + "\"; leave one out");
        }
        return new Prompts(texts, tokens, inFeatures);
    }

    /**
     * A prompt's tokens for a model: BOS, which the texts it was trained on begin with, and those of the text.
     *
     * @throws InvalidInputException if the tokenizer gives the text a token that the model doesn't have
     */
    public static int[] start(String text, PretrainedModel model) {
        int[] own = model.tokenizer().encode(text);
        int vocabulary = model.model().config().vocabularySize();
        for (int token : own) {
            if (token < vocabulary) continue;
            throw new InvalidInputException("the prompt \"" + shortened(text) + "\" has token "
                    + model.tokenizer().named(token) + ", of which the model has no embedding: its vocabulary ends at "
                    + (vocabulary - 1) + "; leave it out");
        }
        var start = new int[own.length + 1];
        start[0] = model.model().config().bosToken();
        System.arraycopy(own, 0, start, 1, own.length);
        return start;
    }

    /**
     * The prompts of a {@link PromptFile}.
     *
     * @throws InvalidInputException as {@link PromptFile#read}
     */
    public static List<String> read(Path file) {
        return PromptFile.read(file).texts();
    }

    /** C. */
    public int size() {
        return texts.size();
    }

    /** Tokens of the longest, BOS included. */
    public int longest() {
        return Math.max(
                1, Arrays.stream(tokens).mapToInt(each -> each.length).max().orElse(1));
    }

    /** The text of prompt {@code prompt}, from 0. */
    public String text(int prompt) {
        return texts.get(prompt);
    }

    /** Whether features are scored on a prompt and what follows it, rather than on what follows alone. */
    public boolean inFeatures() {
        return inFeatures;
    }

    /**
     * Rows for {@link Sampler#sample(io.equipoise.model.CausalLanguageModel, int[][], long)}.
     *
     * @param prompt (B)
     */
    int[][] rows(int[] prompt) {
        return Arrays.stream(prompt).mapToObj(c -> tokens[c]).toArray(int[][]::new);
    }

    /**
     * The same number of sequences for every prompt, those of one prompt next to each other.
     *
     * @param least how many in all, rounded up to a multiple of C
     * @return (B) the prompt of each
     */
    public int[] evenly(int least) {
        int each = (least + size() - 1) / size();
        var prompt = new int[each * size()];
        for (int i = 0; i < prompt.length; i++) prompt[i] = i / each;
        return prompt;
    }

    /**
     * What features are scored on, of each sequence.
     *
     * @param sequences that go on from these prompts
     */
    public List<int[]> scored(Sequences sequences) {
        return inFeatures ? List.of(sequences.tokens()) : sequences.generated();
    }

    /**
     * Checks that every prompt leaves room for what follows it.
     *
     * @param maxTokens the most tokens that follow
     * @param contextLength the model's
     * @throws InvalidInputException that names the prompts which don't
     */
    public void requireRoom(int maxTokens, int contextLength) {
        var tooLong = new ArrayList<String>();
        for (int c = 0; c < tokens.length; c++) {
            if (tokens[c].length + maxTokens <= contextLength || tokens[c].length == 0) continue;
            tooLong.add(
                    "prompt " + (c + 1) + " (\"" + shortened(texts.get(c)) + "\") has " + tokens[c].length + " tokens");
        }
        if (tooLong.isEmpty()) return;
        int most = contextLength - maxTokens;
        throw new InvalidInputException(tooLong.get(0)
                + (tooLong.size() == 1 ? "" : ", and " + (tooLong.size() - 1) + " more are too long")
                + ": with maxTokens " + maxTokens + " the model's context of " + contextLength
                + (most < 1 ? " has room for none" : " has room for " + most)
                + "; shorten the prompts or lower maxTokens");
    }

    private static String shortened(String text) {
        return text.length() <= QUOTED ? text : text.substring(0, QUOTED) + "…";
    }
}
