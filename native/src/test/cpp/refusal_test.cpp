// What the operations refuse, before anything is written: a token outside the vocabulary, a form or a set that isn't there.
#include "check.h"

namespace equipoise::cpu::test {

namespace {

template <typename Call>
void expect_refusal(const std::string& what, const std::string& message, Call call) {
  try {
    call();
  } catch (const KernelError& e) {
    report(e.what() == message, what + ": \"" + e.what() + "\" instead of \"" + message + "\"", 0, 1, 0);
    return;
  }
  report(false, what + ": not refused", 0, 1, 0);
}

void token_outside_the_vocabulary() {
  const std::vector<int32_t> token = {0, -1, 33};
  const std::vector<float> ones(3, 1);
  for (Isa isa : supported()) {
    std::vector<float> logits(3 * 33, 5), log_prob(3, 5), log_sum_exp(3, 5), entropy(3, 5);
    const std::string message = ": token 33 at position 2 is outside the vocabulary of 33";
    expect_refusal("token_log_prob", "tokenLogProb" + message, [&] {
      token_log_prob(log_prob.data(), log_sum_exp.data(), entropy.data(), logits.data(), token.data(), kF32, 3, 33, 33,
                     1, isa);
    });
    expect_refusal("gradient", "gradient" + message, [&] {
      gradient(logits.data(), ones.data(), token.data(), ones.data(), kF32, 3, 33, 33, isa);
    });
    for (const auto& written : {logits, log_prob, log_sum_exp, entropy}) {
      for (float value : written) expect_close(value, 5, 0, [] { return std::string("written before a refusal"); });
    }
  }
}

void unknown_form() {
  const std::vector<double> zeros(3);
  for (Isa isa : supported()) {
    for (int32_t form : {-1, kTrajectoryBalance + 1}) {
      std::vector<double> result(3, 5);
      expect_refusal("coefficient", "coefficient: there is no form " + std::to_string(form), [&] {
        coefficient(result.data(), zeros.data(), zeros.data(), zeros.data(), 3, form, 0, true, 0, 0, 0, 0, isa);
      });
      for (double value : result) expect_close(value, 5, 0, [] { return std::string("written before a refusal"); });
    }
  }
}

void missing_instruction_set() {
  float x = 1;
  for (int32_t isa : {-1, static_cast<int32_t>(kScalar), static_cast<int32_t>(kAvx2), static_cast<int32_t>(kAvx512),
                      static_cast<int32_t>(kAvx512Bf16), static_cast<int32_t>(kNeon), 99}) {
    if (supports(isa)) continue;
    expect_refusal("exp", "instruction set " + std::to_string(isa) + " is not available on this CPU",
                   [&] { exp_f32(&x, &x, 1, isa); });
  }
}

const Test kTest("refusals", [] {
  token_outside_the_vocabulary();
  unknown_form();
  missing_instruction_set();
});

}  // namespace

}  // namespace equipoise::cpu::test
