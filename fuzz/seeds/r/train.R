#!/usr/bin/env Rscript
library(caret); require("mlr3", quietly = TRUE); box::use(dplyr[...])
source("R/data.R"); set.seed(42L)
`my fun` <- function(x, y = NULL, ...) { if (is.null(y)) return(x) else y[["a"]]$b@c }
model <- train(Species ~ ., data = iris, method = 'rf', trControl = trainControl(number = 5))
x = c(a = 1, "b" = 2e-3, 0x1F, Inf, NA) %>% sum() |> log(base = 2) %in% 1:10
for (i in seq_len(3)) { next; break }; while (TRUE) repeat { 5 -> y; z <<- y }
f <- \(x) x^2; -x ** 2; !a && b || c; a %o% b; pkg::f(1)(2)[3, , drop = FALSE]; s <- r"(raw "x")"
switch(x, a = 1, { 2 }); tryCatch(stop("x"), error = function(e) NULL, finally = { })
saveRDS(model, file.path("out", "m.rds")); if (a) b else if (c) d
test_that("it works", { expect_equal(f(2), 4) })
