//! What names mean.

use expect_test::expect;

use super::check_calls;

#[test]
fn imports_and_aliases_give_the_qualified_name() {
    check_calls(
        r#"
import numpy as np, os.path
from sklearn.model_selection import train_test_split as tts
from . import utils
from ..a.b import c as d
from star import *
np.random.seed(1)
tts(X, test_size=0.2)
os.path.join("a", "b")
utils.set_seed()
d.e()
print(1)
unknown.call()
"#,
        &expect![[r#"
            7: numpy.random.seed(1) <- np.random.seed b0 s0
            8: sklearn.model_selection.train_test_split(X?, test_size=0.2) <- tts b0 s0
            9: os.path.join("a", "b") b0 s0
            10: .utils.set_seed() <- utils.set_seed b0 s0
            11: ..a.b.c.e() <- d.e b0 s0
            12: print?(1) b0 s0
            13: unknown.call?() b0 s0
        "#]],
    );
}

#[test]
fn the_first_of_two_fallback_imports_wins() {
    check_calls(
        r#"
try:
    import tensorflow.keras as keras
except ImportError:
    import keras
try:
    from yaml import CLoader as Loader
except ImportError:
    Loader = None
keras.Model()
Loader()
if new:
    from lightning import Trainer
else:
    from pytorch_lightning import Trainer
Trainer().fit()
"#,
        &expect![[r#"
            10: tensorflow.keras.Model() <- keras.Model b0 s0
            11: yaml.CLoader() <- Loader b0 s0
            16: lightning.Trainer() <- Trainer b0 s0
            16: lightning.Trainer.fit() <- lightning.Trainer()->fit b0 s0
        "#]],
    );
}

#[test]
fn scopes_shadow_each_other_as_python_has_it() {
    check_calls(
        r#"
import numpy as np
def f(np):
    np.random.seed(1)
def g():
    import torch as np
    np.manual_seed(1)
class C:
    import jax as np
    np.here()
    def h(self):
        np.zeros(1)
[np.x() for np in y]
lambda np: np.x()
def late():
    model.fit()
from xgboost import XGBClassifier
model = XGBClassifier()
"#,
        &expect![[r#"
            4: np.random.seed*(1) b1 s1
            7: torch.manual_seed(1) <- np.manual_seed b2 s2
            10: jax.here() <- np.here b3 s3
            12: numpy.zeros(1) <- np.zeros b4 s4
            13: np.x*() b5 s0
            14: np.x*() b6 s5
            16: xgboost.XGBClassifier.fit() <- model.fit~ b7 s6
            18: xgboost.XGBClassifier() <- XGBClassifier b0 s0
        "#]],
    );
}

#[test]
fn methods_of_instances_are_methods_of_their_class() {
    check_calls(
        r#"
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC
import mlflow, pandas as pd
clf = RandomForestClassifier(n_estimators=3)
clf.fit(X)
RandomForestClassifier().fit(X)
clf = SVC()
clf.fit(X)
other = clf
other.predict(X)
clf.score_
print(clf.score_, clf)
with mlflow.start_run() as run:
    print(run.info.run_id)
    run.end()
df = pd.read_csv(p).dropna()
df = df.rename(1)
df.to_csv()
model = None
def use():
    model.train()
def make():
    global model
    model = SVC() if x else None
a, b = SVC(), f()
a.fit()
b.fit()
c, d = split()
c.fit()
"#,
        &expect![[r#"
            5: sklearn.ensemble.RandomForestClassifier(n_estimators=3) <- RandomForestClassifier b0 s0
            6: sklearn.ensemble.RandomForestClassifier.fit(X?) <- clf.fit~ b0 s0
            7: sklearn.ensemble.RandomForestClassifier() <- RandomForestClassifier b0 s0
            7: sklearn.ensemble.RandomForestClassifier.fit(X?) <- sklearn.ensemble.RandomForestClassifier()->fit b0 s0
            8: sklearn.svm.SVC() <- SVC b0 s0
            9: sklearn.svm.SVC.fit(X?) <- clf.fit~ b0 s0
            11: sklearn.svm.SVC.predict(X?) <- other.predict~ b0 s0
            13: print?(sklearn.svm.SVC.score_, clf~) b0 s0
            14: mlflow.start_run() b0 s0
            15: print?(mlflow.start_run().info.run_id) b1 s0
            16: mlflow.start_run().end() <- run.end~ b1 s0
            17: pandas.read_csv(p?) <- pd.read_csv b0 s0
            17: pandas.read_csv().dropna() <- pandas.read_csv()->dropna b0 s0
            18: pandas.read_csv().dropna().rename(1) <- df.rename~ b0 s0
            19: pandas.read_csv().dropna().rename().to_csv() <- df.to_csv~ b0 s0
            22: sklearn.svm.SVC.train() <- model.train~ b2 s1
            25: sklearn.svm.SVC() <- SVC b3 s2
            26: sklearn.svm.SVC() <- SVC b0 s0
            26: f?() b0 s0
            27: sklearn.svm.SVC.fit() <- a.fit~ b0 s0
            28: b.fit*() <- b.fit~ b0 s0
            29: split?() b0 s0
            30: c.fit*() <- c.fit~ b0 s0
        "#]],
    );
}

#[test]
fn results_of_functions_keep_the_function() {
    check_calls(
        r#"
import torch
from sklearn.pipeline import make_pipeline
def get_model():
    return torch.hub.load("a")
model = torch.hub.load("a").to(device)
model.eval()
clf = make_pipeline(a)
clf.fit(X)
get_model().fit()
own = get_model()
own.fit()
own(x)
open(p).read()
f = open(p)
f.read()
"".join(x)
loss_fn = torch.nn.CrossEntropyLoss()
loss = loss_fn(x)
loss.backward()
mean = torch.mean
mean(x)
"#,
        &expect![[r#"
            5: torch.hub.load("a") b1 s1
            6: torch.hub.load("a") b0 s0
            6: torch.hub.load().to(device?) <- torch.hub.load()->to b0 s0
            7: torch.hub.load().to().eval() <- model.eval~ b0 s0
            8: sklearn.pipeline.make_pipeline(a?) <- make_pipeline b0 s0
            9: sklearn.pipeline.make_pipeline().fit(X?) <- clf.fit~ b0 s0
            10: get_model~() b0 s0
            10: get_model().fit~() <- get_model~()->fit b0 s0
            11: get_model~() b0 s0
            12: get_model().fit~() <- own.fit~ b0 s0
            13: get_model().__call__~(x?) <- own~ b0 s0
            14: open?(p?) b0 s0
            14: open().read*() <- open?()->read b0 s0
            15: open?(p?) b0 s0
            16: f.read*() <- f.read~ b0 s0
            17: str.join*(x?) <- ""->join b0 s0
            18: torch.nn.CrossEntropyLoss() b0 s0
            19: torch.nn.CrossEntropyLoss.__call__(x?) <- loss_fn~ b0 s0
            20: torch.nn.CrossEntropyLoss.__call__().backward() <- loss.backward~ b0 s0
            22: torch.mean(x?) <- mean~ b0 s0
        "#]],
    );
}

#[test]
fn self_is_the_class() {
    check_calls(
        r#"
import lightning as L
from xgboost import XGBClassifier
class Base:
    kind = "a"
    def shared(self): ...
class Trainer(Base):
    net: L.Net = L.Net()
    def __init__(self, cfg):
        super().__init__(cfg)
        self.model = XGBClassifier()
        self.cfg = cfg
    def fit(self):
        self.model.fit(self.cfg.seed, self.kind, self.model)
        self.shared()
        self.undefined()
        self.net.train()
        self.cfg.get()
        def inner():
            self.fit()
    @classmethod
    def create(cls):
        cls().fit()
        return cls.create()
    @staticmethod
    def free(self):
        self.fit()
class Lit(L.LightningModule):
    def training_step(self, batch):
        self.log("loss", 1)
        super().forward(batch)
        self.training_step(batch)
t = Trainer()
t.fit()
t.model.fit()
print(t.kind, t.cfg)
Lit().freeze()
Trainer.create().fit()
"#,
        &expect![[r#"
            8: lightning.Net() <- L.Net b3 s3
            10: super?() b4 s4
            10: super().__init__*(cfg*) <- super?()->__init__ b4 s4
            11: xgboost.XGBClassifier() <- XGBClassifier b4 s4
            14: xgboost.XGBClassifier.fit(self.cfg.seed*, Base.kind~, Trainer.model~) <- self.model.fit* b5 s5
            15: Base.shared~() <- self.shared* b5 s5
            16: self.undefined*() b5 s5
            17: lightning.Net.train() <- self.net.train* b5 s5
            18: self.cfg.get*() b5 s5
            20: Trainer.fit~() <- self.fit* b6 s6
            23: Trainer~() <- cls* b7 s7
            23: Trainer.fit~() <- Trainer~()->fit b7 s7
            24: Trainer.create~() <- cls.create* b7 s7
            27: self.fit*() b8 s8
            30: lightning.LightningModule.log("loss", 1) <- self.log* b10 s10
            31: super?() b10 s10
            31: lightning.LightningModule.forward(batch*) <- super?()->forward b10 s10
            32: Lit.training_step~(batch*) <- self.training_step* b10 s10
            33: Trainer~() b0 s0
            34: Trainer.fit~() <- t.fit~ b0 s0
            35: xgboost.XGBClassifier.fit() <- t.model.fit~ b0 s0
            36: print?(Base.kind~, Trainer.cfg~) b0 s0
            37: Lit~() b0 s0
            37: lightning.LightningModule.freeze() <- Lit~()->freeze b0 s0
            38: Trainer.create~() b0 s0
            38: Trainer.create().fit~() <- Trainer.create~()->fit b0 s0
        "#]],
    );
}

#[test]
fn what_is_not_known_stays_as_written() {
    check_calls(
        r#"
def train(model, cfg):
    model.fit(cfg.seed)
    cfg.a.b()
    models["a"].fit()
    for m in models:
        m.fit()
    model.to(device).train()
    x = a + b
    x.go()
    print(x)
    f()()
    (lambda: 1)()
    (a or b).c()
"#,
        &expect![[r#"
            3: model.fit*(cfg.seed*) b1 s1
            4: cfg.a.b*() b1 s1
            5: models[].fit*() <- models?["a"]->fit b1 s1
            7: m.fit*() b2 s1
            8: model.to*(device?) b1 s1
            8: model.to().train*() <- model.to*()->train b1 s1
            10: x.go*() <- x.go~ b1 s1
            11: print?(x~) b1 s1
            12: f?() b1 s1
            12: f()*() <- f?() b1 s1
            13: lambda*() <- … b1 s1
            14: ().c*() <- or[a?, b?]->c b1 s1
        "#]],
    );
}

#[test]
fn await_walrus_and_choices_are_looked_through() {
    check_calls(
        r#"
import httpx, a
async def f():
    client = await httpx.connect()
    client.get()
    if (m := a.Model()):
        m.fit()
    n = a.Model() if x else a.Other()
    n.fit()
    o = x or a.Model()
    o.fit()
"#,
        &expect![[r#"
            4: httpx.connect() b1 s1
            5: httpx.connect().get() <- client.get~ b1 s1
            6: a.Model() b1 s1
            7: a.Model.fit() <- m.fit~ b2 s1
            8: a.Model() b1 s1
            8: a.Other() b1 s1
            9: a.Model.fit() <- n.fit~ b1 s1
            10: a.Model() b1 s1
            11: a.Model.fit() <- o.fit~ b1 s1
        "#]],
    );
}

#[test]
fn an_annotation_says_what_a_built_value_is() {
    check_calls(
        r#"
import hydra
from typing import Any
from lightning import Trainer
from torch import nn
def train(cfg):
    trainer: Trainer = hydra.utils.instantiate(cfg.trainer)
    trainer.fit()
    other: Any = hydra.utils.instantiate(cfg.other)
    other.fit()
    net: nn.Module = nn.Linear(1)
    net.eval()
class Model:
    net: nn.Module
    def step(self):
        self.net.train()
        self.net(1)
"#,
        &expect![[r#"
            7: hydra.utils.instantiate(cfg.trainer*) b1 s1
            8: lightning.Trainer.fit() <- trainer.fit~ b1 s1
            9: hydra.utils.instantiate(cfg.other*) b1 s1
            10: hydra.utils.instantiate().fit() <- other.fit~ b1 s1
            11: torch.nn.Linear(1) <- nn.Linear b1 s1
            12: torch.nn.Linear.eval() <- net.eval~ b1 s1
            16: torch.nn.Module.train() <- self.net.train* b3 s3
            17: torch.nn.Module.__call__(1) <- self.net* b3 s3
        "#]],
    );
}
