use expect_test::{Expect, expect};

use super::{read, read_markdown};
use crate::ledger::rendering::render;
use crate::limits::DEPTH;

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(&read(text)));
}

#[test]
fn caret() {
    check(
        r#"
suppressPackageStartupMessages(library(caret))
library("doParallel"); require(pROC)
set.seed(42L)

idx <- createDataPartition(iris$Species, p = .8, list = FALSE)
training <- iris[idx, ]
testing  <- iris[-idx, ]
ctrl <- trainControl(method = "repeatedcv", number = 10, repeats = 3)
fit <- train(
  Species ~ ., data = training,   # every column
  method = 'rf',
  trControl = ctrl,
  tuneGrid = expand.grid(mtry = c(1, 2, 3))
)
pred <- predict(fit, newdata = testing)
confusionMatrix(pred, testing[["Species"]])$overall["Accuracy"]
saveRDS(fit, file.path("models", paste0("rf_", Sys.Date(), ".rds"))) -> done
"#,
        expect![[r#"
            2 import caret as caret
            2 #0 library?(caret?)
            2 #1 suppressPackageStartupMessages?(#0)
            3 import doParallel as doParallel
            3 import pROC as pROC
            3 #2 library?("doParallel")
            3 #3 require?(pROC?)
            4 #4 set.seed?(42)
            6 #5 createDataPartition?(iris.Species~, p=0.8, list=false)
            6 idx = #5 Plain
            7 training = iris?[idx] Plain
            8 testing = iris?[(0 - idx)] Plain
            9 #6 trainControl?(method="repeatedcv", number=10, repeats=3)
            9 ctrl = #6 Plain
            10 #8 train?(_, data=training, method="rf", trControl=ctrl, tuneGrid=#7)
            10 fit = #8 Plain
            14 #7 expand.grid?(mtry=[1, 2, 3])
            16 #9 predict?(fit, newdata=testing)
            16 pred = #9 Plain
            17 #10 confusionMatrix?(pred, testing.Species~)
            18 #11 Sys.Date?()
            18 #12 paste0?("rf_", #11, ".rds")
            18 #13 file.path?("models", #12)
            18 #14 saveRDS?(fit, #13)
            18 done = #14 Plain
        "#]],
    );
}

#[test]
fn tidymodels() {
    check(
        r#"
pacman::p_load(tidymodels, "vip")
model <- rand_forest(trees = 1e3) |>
  set_engine("ranger", seed = 1) %>%
  set_mode("classification")
wf <- workflow() %>% add_model(model) %>% add_formula(y ~ x + z)
res <- wf %>% tune::tune_grid(resamples = vfold_cv(train, v = 5), metrics = yardstick::metric_set(roc_auc))
res %>% collect_metrics
df %>% lm(y ~ x, data = .)
"#,
        expect![[r#"
            2 import tidymodels as tidymodels
            2 import vip as vip
            2 #0 pacman.p_load^(tidymodels?, "vip")
            3 #1 rand_forest?(trees=1000)
            3 model = #3 Plain
            4 #2 set_engine?(#1, "ranger", seed=1)
            5 #3 set_mode?(#2, "classification")
            6 #4 workflow?()
            6 #5 add_model?(#4, model)
            6 #6 add_formula?(#5, _)
            6 wf = #6 Plain
            7 #7 vfold_cv?(train?, v=5)
            7 #8 yardstick.metric_set^(roc_auc?)
            7 #9 tune.tune_grid^(wf, resamples=#7, metrics=#8)
            7 res = #9 Plain
            8 #10 collect_metrics?(res)
            9 #11 lm?(_, data=df?)
        "#]],
    );
}

#[test]
fn mlr3_and_objects() {
    check(
        r#"
learner = mlr3::lrn("classif.ranger", num.trees = 100)
learner$train(task, row_ids = 1:100)
learner$predict(task)$score(msr("classif.acc"))
obj@slot$fit(x)
self$net[["fc"]]$reset()
lgr::get_logger("mlr3")$set_threshold("warn")
"#,
        expect![[r#"
            2 #0 mlr3.lrn^("classif.ranger", num.trees=100)
            2 learner = #0 Plain
            3 #1 learner.train~(task?, row_ids=(1 : 100))
            4 #2 learner.predict~(task?)
            4 #3 msr?("classif.acc")
            4 #4 learner.predict().score~(#3)
            5 #5 obj.slot.fit~(x?)
            6 #6 self.net.fc.reset~()
            7 #7 lgr.get_logger^("mlr3")
            7 #8 lgr.get_logger().set_threshold~("warn")
        "#]],
    );
}

#[test]
fn xgboost_with_functions_loops_and_branches() {
    check(
        r#"
source("R/utils.R")
train_one <- function(data, eta = 0.1, ...) {
  if (is.null(data)) {
    stop("no data")
  } else if (nrow(data) < 10 && eta > 0) warning("small") else {
    message("ok")
  }
  dtrain <- xgb.DMatrix(as.matrix(data), label = data$y)
  for (i in seq_len(3)) {
    bst <- xgb.train(list(eta = eta, objective = "reg:squarederror"), dtrain, ...)
  }
  return(bst)
}
while (!done) repeat { done <<- step(); if (done) break }
out <- lapply(files, \(f) train_one(read.csv(f)))
train_one(df) -> model
names(model)[1] <- "a"
score = if (cond) 1 else -2
later <- function() NULL
empty = function(x) {}
"#,
        expect![[r#"
            2 #0 source?("R/utils.R")
            3 Function train_one(data, eta=0.1, ...)
            4 #1 is.null?(data~) in train_one@1
            5 #2 stop?("no data") in train_one@1 <if #1>
            6 #3 nrow?(data~) in train_one@1
            6 #4 warning?("small") in train_one@1 <if and((#3 Less 10), (eta~ Greater 0))>
            7 #5 message?("ok") in train_one@1 <else #1>
            9 #6 as.matrix?(data~) in train_one@1
            9 #7 xgb.DMatrix?(#6, label=data.y~) in train_one@1
            9 dtrain = #7 Plain in train_one@1
            10 #8 seq_len?(3) in train_one@1
            10 i = #8 Loop in train_one@1
            11 #9 xgb.train?({"eta": eta~, "objective": "reg:squarederror"}, dtrain, *...~) in train_one@1 <for #8>
            11 bst = #9 Plain in train_one@1 <for #8>
            13 return bst
            15 #10 step?() <while true> <while not done>
            15 done = #10 Plain <while true> <while not done>
            16 Lambda (f)
            16 #11 read.csv?(f~) in @2
            16 #12 train_one(#11) in @2
            16 #13 lapply?(files?, _)
            16 out = #13 Plain
            16 return #12
            17 #14 train_one(df?)
            17 model = #14 Plain
            18 #15 names?(model)
            18 names(model)[1] = "a" Plain
            19 score = (cond? ? 1 : -2) Plain
            20 Function later()
            20 return none
            21 Function empty(x) stub
        "#]],
    );
}

#[test]
fn loaders() {
    check(
        r#"
box::use(dplyr[filter, select], ./helpers/io, tidyr, dt = data.table)
import::from(magrittr, "%>%", set = set_names)
if (!requireNamespace("torch", quietly = TRUE)) install.packages("torch")
pkgs <- c("lme4", "nlme")
invisible(lapply(pkgs, library, character.only = TRUE))
library(pkg, character.only = TRUE)
select(df)
tidyr$pivot_longer(df)
library(reticulate)
np <- import("numpy")
np$random$seed(1L)
renv::restore()
"#,
        expect![[r#"
            2 import dplyr: filter as filter
            2 import dplyr: select as select
            2 import ./helpers/io as io
            2 import tidyr as tidyr
            2 import data.table as dt
            2 #0 box.use^(dplyr?[[dplyr.filter^, dplyr.select^]], ((.? / helpers?) / io?), tidyr?, dt=data.table?)
            3 import magrittr: %>% as %>%
            3 import magrittr: set_names as set
            3 #1 import.from^(magrittr?, "%>%", set=set_names?)
            4 import torch as torch
            4 #2 requireNamespace?("torch", quietly=true)
            4 #3 install.packages?("torch") <if not #2>
            5 pkgs = ["lme4", "nlme"] Plain
            6 import lme4 as lme4
            6 import nlme as nlme
            6 #4 lapply?(pkgs, library?, character.only=true)
            6 #5 invisible?(#4)
            7 #6 library?(pkg?, character.only=true)
            8 #7 dplyr.select^(df?)
            9 #8 tidyr.pivot_longer^(df?)
            10 import reticulate as reticulate
            10 #9 library?(reticulate?)
            11 import numpy as np
            11 #10 import?("numpy")
            11 np = #10 Plain
            12 #11 numpy.random.seed^(1)
            13 #12 renv.restore^()
        "#]],
    );
}

#[test]
fn tests_assert() {
    check(
        r##"
test_that("loss falls", {
  expect_equal(loss(1), 0)
  expect_true(all(x > 0))
})
stopifnot(nrow(df) > 0, "no id" = !is.na(df$id))
"##,
        expect![[r#"
            2 #4 test_that?("loss falls", _)
            3 #0 loss?(1)
            3 #1 expect_equal?(#0, 0)
            4 #2 all?((x? Greater 0))
            4 #3 expect_true?(#2)
            6 #5 nrow?(df?)
            6 #6 is.na?(df.id~)
            6 #7 stopifnot?((#5 Greater 0), no id=not #6)
            6 assert (#5 Greater 0)
            6 assert not #6
        "#]],
    );
}

#[test]
fn strings() {
    let code = read(
        "a <- \"q\\\"\\n\"; b <- r\"(C:\\x\"y)\"; d <- R'--[z]--'; `my var` <- glue('out/{a}/{f(b)}.csv')\nx <- 0x10L + NA",
    );
    expect![[r#"
        1 #0 glue?("out/{}/{}.csv"%(a, _))
        1 a = "q\"\n" Plain
        1 b = "C:\\x\"y" Plain
        1 d = "z" Plain
        1 my var = #0 Plain
        2 x = (16 + none) Plain
    "#]]
    .assert_eq(&render(&code));
    let strings: Vec<&str> = code.strings.iter().map(|string| string.value.as_str()).collect();
    assert_eq!(strings, ["q\"\n", "C:\\x\"y", "z", "out/{a}/{f(b)}.csv"]);
}

#[test]
fn markdown_keeps_lines() {
    let text = "---\ntitle: x\n---\n\nText.\n\n```{r setup, include=FALSE}\nlibrary(caret)\n```\n\n```{python}\nimport os\n```\n\n```{r, eval = FALSE}\nnever()\n```\n\n````markdown\n```{r}\nshown()\n```\n````\n\n```{r}\n#| label: fit\n#| eval: false\nnever()\n```\n\n```r\nplain()\n```\n\n  ```{r}\n  #| eval: true\n  f({ broken\n  ```\n\n```{r}\ntrain(y ~ x)\n```\n";
    expect![[r#"
        8 import caret as caret
        8 #0 library?(caret?)
        37 #1 f?(broken?)
        37 problem: no `}` closes this
        41 #2 train?(_)
    "#]]
    .assert_eq(&render(&read_markdown(text)));
}

#[test]
fn broken_text_keeps_what_can_be_read() {
    check(
        "library(caret)\nf(a, ]\ng(b))\n} h(1)\nx <- )\nk(\"open",
        expect![[r#"
            1 import caret as caret
            1 #0 library?(caret?)
            2 #1 f?(a?)
            2 problem: unexpected `]`
            3 #2 g?(b?)
            3 problem: unexpected `)`
            4 #3 h?(1)
            4 problem: unexpected `}`
            5 x = _ Plain
            5 problem: unexpected `)`
            6 #4 k?("open")
            6 problem: no `)` closes this
        "#]],
    );
}

#[test]
fn hostile_text_is_bounded() {
    let many = 10_000;
    let texts = [
        "(".repeat(many),
        "f(".repeat(many),
        "{".repeat(many),
        "x[[".repeat(many),
        "!".repeat(many),
        "- ".repeat(many),
        "a <- ".repeat(many),
        "a |> f() ".repeat(many),
        "a + ".repeat(many),
        "a$".repeat(many),
        "f()".repeat(many),
        "f()$".repeat(many),
        "function(x) ".repeat(many),
        "if (a) ".repeat(many),
        "if (a) b else ".repeat(many),
        "x <- if (".repeat(many),
        "%".repeat(many),
        "r\"(".repeat(1000),
        "a && ".repeat(many),
    ];
    for text in texts {
        let code = read(&text);
        let deepest = (0..code.scopes.len())
            .map(|scope| code.scopes_around(scope as u32).count())
            .max();
        assert!(deepest <= Some(DEPTH + 1));
        render(&code);
        read_markdown(&format!("```{{r}}\n{text}"));
    }
}

#[test]
fn random_text_never_panics() {
    const PARTS: [&str; 44] = [
        "library(",
        "x",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "[[",
        "function",
        "\\",
        "<-",
        "->",
        "=",
        "$",
        "::",
        "|>",
        "%>%",
        "\"",
        "'",
        "r\"(",
        ")\"",
        "`",
        "\n",
        ";",
        ",",
        "if",
        "else",
        "for",
        "in",
        "while",
        "repeat",
        "1e-",
        "0x",
        ".",
        "~",
        "!",
        "-",
        "é",
        "# c\n",
        "%",
        "lapply(x, library)",
        "glue('{",
        "```{r}\n",
    ];
    arbtest::arbtest(|u| {
        let text: String = match u.arbitrary()? {
            true => u.arbitrary::<String>()?,
            false => (0..u.int_in_range(0..=60)?)
                .map(|_| u.choose(&PARTS).copied())
                .collect::<Result<_, _>>()?,
        };
        render(&read(&text));
        read_markdown(&text);
        Ok(())
    });
}
