package io.equipoise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What begins and ends a text, by both files; where transformers 5.18 runs a folder, its {@code generate} does the same. */
class SpecialTokensTest {
    private static final int VOCABULARY = 257;

    @TempDir
    private Path folder = Path.of("");

    private SpecialTokens read(String config, String generation) throws IOException {
        return read(config, generation, VOCABULARY);
    }

    /** @param generation {@code none} for no such file */
    private SpecialTokens read(String config, String generation, int vocabulary) throws IOException {
        var file = folder.resolve("generation_config.json");
        Files.deleteIfExists(file);
        if (!generation.equals("none")) Files.writeString(file, generation.replace('\'', '"'));
        return SpecialTokens.read(folder, new JsonMapper().readTree(config.replace('\'', '"')), vocabulary);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'bos_token_id':0,'eos_token_id':0} | {'bos_token_id':0,'eos_token_id':[0,105]} | 0 | 0, 105",
                "{'bos_token_id':0,'eos_token_id':[0,199]} | {'eos_token_id':0} | 0 | 0",
                "{'bos_token_id':0,'eos_token_id':[0,199]} | {'_from_model_config':true,'eos_token_id':0} | 0 | 0",
                "{'bos_token_id':0,'eos_token_id':[199,0,199]} | none | 0 | 199, 0",
                "{'bos_token_id':0,'eos_token_id':null} | {'eos_token_id':105} | 0 | 105",
                "{'bos_token_id':0} | {'eos_token_id':105} | 0 | 105",
                "{'bos_token_id':0,'eos_token_id':7} | {'bos_token_id':3,'eos_token_id':7} | 3 | 7",
                "{'bos_token_id':0,'eos_token_id':null} | none | 0 | none",
                "{'bos_token_id':0} | {} | 0 | none",
                "{'bos_token_id':0,'eos_token_id':[0,99999]} | none | 0 | 0",
                "{'bos_token_id':0,'eos_token_id':-1} | none | 0 | none",
                "{'bos_token_id':0,'eos_token_id':0} | {'eos_token_id':257} | 0 | none",
                "{'eos_token_id':[5,6]} | none | 5 | 5, 6",
                "{'bos_token_id':null,'eos_token_id':0} | {'eos_token_id':[6,5]} | 6 | 6, 5",
            })
    void areThoseOfGenerate(String config, String generation, int bos, String eos) throws IOException {
        var tokens = read(config, generation);
        assertThat(tokens.bos()).isEqualTo(bos);
        assertThat(tokens.eos()).hasToString(eos);
    }

    @Test
    void gpt2sOwnAreItsConfigurationsDefaults() throws IOException {
        var tokens = read("{}", "none", 50257);
        assertThat(tokens.bos()).isEqualTo(50256);
        assertThat(tokens.eos()).isEqualTo(EosTokens.of(50256));
        assertThat(read("{'eos_token_id':null}", "none", 50257).eos()).isEqualTo(EosTokens.NONE);
        assertThat(read("{'eos_token_id':null}", "none", 50257).bos()).isEqualTo(50256);
    }

    /** Empty where both files say the same. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'bos_token_id':0,'eos_token_id':0} | {'eos_token_id':[0]} | ",
                "{'bos_token_id':0,'eos_token_id':[1,0]} | {'eos_token_id':[0,1]} | ",
                "{'bos_token_id':0,'eos_token_id':0} | none | ",
                "{'bos_token_id':0,'eos_token_id':0} | {'eos_token_id':[0,105]} | info: texts end with eos_token_id [0, 105] of generation_config.json",
                "{'bos_token_id':0,'eos_token_id':3} | {} | warn: generation_config.json has no eos_token_id, so texts end with [3] of config.json",
                "{'bos_token_id':0,'eos_token_id':3} | {'eos_token_id':null} | warn: write \"eos_token_id\": [3] into generation_config.json",
                "{'eos_token_id':3} | none | info: no bos_token_id: texts begin with token 3, which ends them too",
                "{'bos_token_id':0,'eos_token_id':[0,300]} | none | warn: eos_token_id [0, 300] has a token that the vocabulary of 257 doesn't",
                "{'bos_token_id':0,'eos_token_id':null} | none | warn: nothing ends a text but its length",
            })
    void saysWhatIsNotAsExpected(String config, String generation, String remark) throws IOException {
        var remarks = read(config, generation).remarks();
        if (remark == null) {
            assertThat(remarks).isEmpty();
            return;
        }
        assertThat(remarks).hasSize(1);
        assertThat(remarks.get(0).warning()).isEqualTo(remark.startsWith("warn: "));
        assertThat(remarks.get(0).text()).contains(folder.toString(), remark.substring("warn: ".length()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'eos_token_id':'105'} | none | config.json: eos_token_id must be the number of the token",
                "{'eos_token_id':[0,true]} | none | got [0,true]; write that",
                "{'eos_token_id':1.5} | none | or a list of such tokens, got 1.5",
                "{'eos_token_id':0} | {'eos_token_id':[]} | generation_config.json: eos_token_id must be",
                "{'eos_token_id':0} | {'eos_token_id':99999999999} | got 99999999999",
                "{'bos_token_id':257,'eos_token_id':0} | none | config.json: bos_token_id must be a token of the vocabulary of 257, got 257",
                "{'bos_token_id':[0],'eos_token_id':0} | none | must be the number of the token that texts begin with, got [0]",
                "{'bos_token_id':0,'eos_token_id':0} | {'bos_token_id':-1} | generation_config.json: bos_token_id",
                "{} | none | neither a bos_token_id nor an eos_token_id",
                "{'bos_token_id':0,'eos_token_id':0} | [] | generation_config.json is not a JSON object",
                "{'bos_token_id':0,'eos_token_id':0} | { | can't read",
                "{'bos_token_id':0,'eos_token_id':0} | version https://git-lfs.github.com/spec/v1 | is a Git LFS pointer",
            })
    void whatIsNoTokenIsRefused(String config, String generation, String message) {
        assertThatThrownBy(() -> read(config, generation))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(message);
    }
}
