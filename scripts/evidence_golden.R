# Golden numbers for the pooled estimates, from R's metafor and from a plain grid. Run from the root of the repository:
#   Rscript scripts/evidence_golden.R
# Needs R with metafor and lme4 (Debian: r-cran-metafor, r-cran-lme4). `make test` reads only the JSON that this writes.
suppressMessages(library(metafor))

cases <- list(
  two_after_cart = list(x = c(22, 26), n = c(28, 36)),
  with_all_responding = list(x = c(9, 4), n = c(12, 4)),
  five_bcma_exposed = list(x = c(7, 94, 49, 21, 21), n = c(13, 193, 84, 63, 40)),
  wide_spread = list(x = c(2, 30, 8, 45, 11), n = c(25, 40, 30, 60, 44)),
  no_responder = list(x = c(0, 3, 1), n = c(12, 30, 9)),
  little_spread = list(x = c(10, 22, 28), n = c(25, 50, 75)),
  pomalidomide = list(x = c(45, 39, 19, 37, 222), n = c(130, 107, 108, 113, 682))
)

num <- function(v) paste0("[", paste(formatC(as.numeric(v), digits = 12, format = "g"), collapse = ", "), "]")
one <- function(v) formatC(as.numeric(v), digits = 12, format = "g")
fit <- function(m) sprintf('{"estimate": %s, "se": %s, "low": %s, "high": %s, "tau2": %s, "q": %s, "i2": %s}',
                           one(m$beta), one(m$se), one(m$ci.lb), one(m$ci.ub), one(m$tau2), one(m$QE), one(m$I2))

classical <- character()
for (name in names(cases)) {
  d <- cases[[name]]
  e <- escalc(measure = "PLO", xi = d$x, ni = d$n)
  precise <- list(threshold = 1e-12, maxiter = 10000)
  dl <- rma(yi, vi, data = e, method = "DL")
  reml <- rma(yi, vi, data = e, method = "REML", control = precise)
  hksj <- rma(yi, vi, data = e, method = "REML", test = "knha", control = precise)
  glmm <- rma.glmm(measure = "PLO", xi = d$x, ni = d$n, nAGQ = 25)
  classical <- c(classical, sprintf(
    '  "%s": {"events": %s, "n": %s, "yi": %s, "vi": %s,\n    "DL": %s,\n    "REML": %s,\n    "HKSJ": %s,\n    "GLMM": {"estimate": %s, "se": %s, "tau2": %s}}',
    name, num(d$x), num(d$n), num(e$yi), num(e$vi), fit(dl), fit(reml), fit(hksj), one(glmm$beta), one(glmm$se), one(glmm$tau2)))
}
writeLines(c("{", paste0('  "metafor": "', packageVersion("metafor"), '",'), paste(classical, collapse = ",\n"), "}"),
           "tests/reference/golden/evidence_classical.json")

# The Bayesian estimates on a plain grid: mu ~ N(0, 1.5), tau ~ half-normal(0.5), exact binomial, integral over each arm by the
# trapezoid rule in z = (theta - mu) / tau. No Fourier transform, no Gauss nodes: slow and obvious.
mu <- seq(-7, 7, by = 0.02)
tau <- seq(0, 2.5, by = 0.0125)
z <- seq(-8, 8, by = 0.05)
phi <- dnorm(z) * 0.05
bayes <- character()
for (name in names(cases)) {
  d <- cases[[name]]
  logjoint <- matrix(0, length(tau), length(mu))
  for (i in seq_along(d$x)) {
    for (t in seq_along(tau)) {
      p <- plogis(outer(tau[t] * z, mu, "+"))
      logjoint[t, ] <- logjoint[t, ] + log(colSums(phi * matrix(dbinom(d$x[i], d$n[i], p), nrow = length(z))))
    }
  }
  prior <- outer(dnorm(tau, 0, 0.5, log = TRUE), dnorm(mu, 0, 1.5, log = TRUE), "+")
  post <- exp(logjoint + prior - max(logjoint + prior))
  post[c(1, length(tau)), ] <- post[c(1, length(tau)), ] / 2
  post <- post / sum(post)
  quant <- function(x, density) {
    cdf <- c(0, cumsum((density[-1] + density[-length(density)]) / 2))
    approx(cdf / max(cdf), x, c(0.5, 0.025, 0.975), ties = "ordered")$y
  }
  new <- numeric(length(mu))
  for (t in seq_along(tau)) {
    if (tau[t] < 0.02) new <- new + post[t, ]
    else new <- new + as.numeric(sapply(mu, function(m) sum(post[t, ] * dnorm(m, mu, tau[t])) * 0.02))
  }
  bayes <- c(bayes, sprintf('  "%s": {"events": %s, "n": %s, "mean": %s, "new_centre": %s, "tau": %s}', name, num(d$x), num(d$n),
                            num(plogis(quant(mu, colSums(post)))), num(plogis(quant(mu, new))), one(sum(rowSums(post) * tau))))
}
writeLines(c("{", paste(bayes, collapse = ",\n"), "}"), "tests/reference/golden/evidence_bayes.json")
