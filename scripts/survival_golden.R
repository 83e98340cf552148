# Golden numbers of the estimators of cohort/survival, from R's survival, cmprsk and etm. Run from the root of the repository:
#   python -m scripts.survival_cases && Rscript scripts/survival_golden.R
# Needs R with survival, cmprsk, etm, jsonlite (Debian: r-cran-survival, r-cran-cmprsk, r-cran-etm, r-cran-jsonlite).
# The tests read only the JSON that this writes.
suppressMessages({library(survival); library(cmprsk); library(etm); library(jsonlite)})

cases <- fromJSON("tests/reference/golden/survival_cases.json")
folder <- "tests/reference/golden/"
days <- list(trial = c(90, 180, 365), ties = c(90, 180, 300), truncation = c(120, 250, 400), tiny = c(4, 8, 11), collapse = c(14, 40, 60))
precise <- coxph.control(eps = 1e-11, toler.chol = 1e-12, iter.max = 100)

# Kaplan-Meier of one set of rows: the curve with three kinds of limits, quartile and median, restricted mean; numbers
# at risk without delayed entry (with it `summary` gives those of the next day with an event).
curve <- function(d, at) {
  out <- list()
  for (kind in c("log-log", "log", "plain")) {
    fit <- survfit(Surv(entry, exit, cause > 0) ~ 1, data = d, conf.type = kind)
    q <- quantile(fit, c(0.25, 0.5))
    out[[kind]] <- list(low = fit$lower, high = fit$upper, quantile = unname(q$quantile), quantile_low = unname(q$lower),
                        quantile_high = unname(q$upper))
  }
  mean <- sapply(at, function(tau) unname(survival:::survmean(fit, rmean = tau)$matrix[c("rmean", "se(rmean)")]))
  list(day = fit$time, at_risk = fit$n.risk, events = fit$n.event, censored = fit$n.censor, survival = fit$surv,
       se = fit$surv * fit$std.err, limits = out, days = at,
       at_risk_on = summary(survfit(Surv(exit, cause > 0) ~ 1, data = d), times = at, extend = TRUE)$n.risk,
       mean = mean[1, ], mean_se = mean[2, ])
}

# Follow-up: the end of observation as the event, events of a day leaving before its censorings.
followed <- function(d) {
  fit <- survfit(Surv(entry, exit - 0.2 * (cause > 0), cause == 0) ~ 1, data = d, conf.type = "log-log")
  q <- quantile(fit, 0.5)
  list(median = unname(q$quantile), low = unname(q$lower), high = unname(q$upper))
}

# Cumulative incidence: with delayed entry by survival; without it by cmprsk, with the variance of Aalen's type. The limits are those
# formulas of survival applied to cmprsk's estimate and variance.
incidence <- function(d) {
  d$id <- seq_len(nrow(d))
  causes <- sort(unique(d$cause[d$cause > 0]))
  fit <- survfit(Surv(entry, exit, factor(cause, 0:max(cause))) ~ 1, data = d, id = id)
  late <- lapply(causes, function(k) list(cause = k, incidence = fit$pstate[, which(fit$states == as.character(k))]))
  all <- cuminc(d$exit, d$cause)
  plain <- lapply(causes, function(k) {
    found <- all[[paste("1", k)]]
    at <- sort(unique(found$time[found$time > 0]))
    got <- timepoints(all[paste("1", k)], at)
    est <- as.vector(got$est); var <- as.vector(got$var)
    limits <- lapply(c("log-log" = "log-log", log = "log", plain = "plain"), function(kind) {
      ci <- survival:::survfit_confint(est, sqrt(var), logse = FALSE, conf.type = kind, conf.int = 0.95)
      list(low = ci$lower, high = ci$upper)
    })
    list(cause = k, day = at, incidence = est, variance = var, limits = limits)
  })
  list(day = fit$time, with_entry = late, without_entry = plain)
}

gray <- function(d) {
  tests <- cuminc(d$exit, d$cause, d$group)$Tests
  lapply(rownames(tests), function(k) list(cause = as.integer(k), statistic = tests[k, "stat"], p = tests[k, "pv"], df = tests[k, "df"]))
}

models <- function(d) {
  d$id <- seq_len(nrow(d))
  d$kind <- factor(d$cause, 0:max(d$cause))
  lapply(sort(unique(d$cause[d$cause > 0])), function(k) {
    cox <- coxph(Surv(entry, exit, cause == k) ~ group + age, data = d, control = precise)
    late <- finegray(Surv(entry, exit, kind) ~ ., data = d, id = id, etype = as.character(k))
    plain <- finegray(Surv(exit, kind) ~ ., data = d, etype = as.character(k))
    fit <- function(rows) {
      m <- coxph(Surv(fgstart, fgstop, fgstatus) ~ group + age, data = rows, weights = fgwt, cluster = id, control = precise)
      list(log_ratio = unname(coef(m)), se = unname(sqrt(diag(m$var))))
    }
    list(cause = k, cox = list(log_ratio = unname(coef(cox)), se = unname(sqrt(diag(cox$var)))), fine_gray = fit(late),
         fine_gray_without_entry = fit(plain))
  })
}

one <- function(name) {
  d <- as.data.frame(cases[[name]])
  groups <- sort(unique(d$group))
  out <- list(all = curve(d, days[[name]]), by_group = lapply(groups, function(g) curve(d[d$group == g, ], days[[name]])),
              followed = followed(d), incidence = incidence(d), gray = gray(d))
  if (!name %in% c("tiny", "collapse")) out$models <- models(d)
  out
}

# State occupation by survival, everybody in the first state on day 0; standard errors by etm (Greenwood).
occupied <- function() {
  d <- as.data.frame(cases$stays)
  names <- c("remission", "relapse", "salvage_1", "salvage_2", "death")
  d$was <- factor(names[d$state + 1], names)
  d$became <- factor(ifelse(d$to < 0, "censored", names[pmax(d$to, 0) + 1]), c("censored", names))
  fit <- survfit(Surv(entry, exit, became) ~ 1, data = d, id = patient, istate = was, p0 = c(1, 0, 0, 0, 0))
  stopifnot(identical(fit$states, names))
  tra <- matrix(FALSE, 5, 5)
  seen <- unique(d[d$to >= 0, c("state", "to")])
  for (i in seq_len(nrow(seen))) tra[seen$state[i] + 1, seen$to[i] + 1] <- TRUE
  e <- etm(data.frame(id = d$patient, from = as.character(d$state), to = ifelse(d$to < 0, "cens", as.character(d$to)), entry = d$entry,
                      exit = d$exit), as.character(0:4), tra, "cens", s = 0)
  share <- t(e$est[1, , ]); se <- sapply(0:4, function(j) sqrt(e$cov[paste("0", j), paste("0", j), ]))
  list(day = fit$time, at_risk = fit$n.risk, share = fit$pstate, etm = list(day = e$time, share = unname(share), se = unname(se)))
}

versions <- c(R = R.version.string, sapply(c("survival", "cmprsk", "etm"), function(p) as.character(packageVersion(p))))
result <- c(list(versions = as.list(versions)), sapply(names(days), one, simplify = FALSE), list(stays = occupied()))
text <- sapply(names(result), function(name)
  paste0(' "', name, '": ', toJSON(result[[name]], digits = I(9), auto_unbox = TRUE, na = "null", null = "null")))
writeLines(c("{", paste(text, collapse = ",\n"), "}"), paste0(folder, "survival.json"))
