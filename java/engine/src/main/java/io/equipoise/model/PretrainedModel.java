package io.equipoise.model;

/** A model and its tokenizer, as one folder holds them. Closing it closes both. */
public record PretrainedModel(CausalLanguageModel model, Tokenizer tokenizer) implements AutoCloseable {
    @Override
    public void close() {
        model.close();
        tokenizer.close();
    }
}
