package io.equipoise.model;

import java.util.stream.Collectors;

/** A model and its tokenizer, as one folder holds them. Closing it closes both. */
public record PretrainedModel(CausalLanguageModel model, Tokenizer tokenizer) implements AutoCloseable {
    /** For people: which token every text begins with, even before its prompt, and which end it. */
    public String specialTokens() {
        var config = model.config();
        String ends = config.eosTokens().ids().stream().map(tokenizer::named).collect(Collectors.joining(" or "));
        return "BOS is token " + tokenizer.named(config.bosToken()) + ", put before every prompt; EOS is "
                + (ends.isEmpty() ? "none: texts end by their length alone" : "token " + ends);
    }

    @Override
    public void close() {
        model.close();
        tokenizer.close();
    }
}
