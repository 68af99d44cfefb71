//! What is read of statements and expressions.

use expect_test::expect;

use super::check;

#[test]
fn imports_keep_module_name_and_alias() {
    check(
        r##"
import a.b.c
import a.b as c
from a import b as c, d
from .. import e
from .f import *
def g():
    try:
        import h
    except ImportError:
        pass
"##,
        &expect![[r#"
            2: import a.b.c as "a" b0
            3: import a.b as "c" b0
            4: import a b as "c" b0
            4: import a d as "d" b0
            5: import .. e as "e" b0
            6: import .f * as "" b0
            9: import h as "h" b2
            7: s1 def g in s0 b0
            8: b2 try in b1 s1
            10: b3 except ImportError? in b1 s1
        "#]],
    );
}

#[test]
fn scopes_have_decorators_parameters_and_bases() {
    check(
        r##"
import pytest
@pytest.mark.parametrize("a", [1, -2])
@plain
async def f(a: int, b="x", *args, c: "np.ndarray" = None, **kwargs) -> int:
    """Docstring."""
    class D(Base, pytest.Item, metaclass=meta()):
        def stub(self):
            raise NotImplementedError("later")
        def other(self): pass
    return lambda x, y=g(): x.h()
"##,
        &expect![[r#"
            2: import pytest as "pytest" b0
            5: s1 def f in s0 b0 (a: int?, b = "x", args, c: "np.ndarray" = None, kwargs) @ pytest.mark.parametrize() plain?
            7: s2 class f.D in s1 b1 bases Base? pytest.Item
            8: s3 def f.D.stub in s2 b2 (self) stub
            10: s4 def f.D.other in s2 b2 (self) stub
            11: s5 lambda f.<lambda> in s1 b1 (x, y = g?())
            3: pytest.mark.parametrize("a", [1, -2]) b0 s0
            7: meta?() b1 s1
            9: NotImplementedError?("later") b3 s3
            11: g?() b1 s1
            11: x.h*() b5 s5
            11: return … s1
            9: raise NotImplementedError?()
            strings "a" "x" "later"
        "#]],
    );
}

#[test]
fn blocks_tell_why_and_how_often_code_runs() {
    check(
        r##"
if a > 1:
    f1()
elif b():
    f2()
else:
    f3()
for x in range(3):
    f4()
else:
    f5()
while not done():
    f6()
try:
    f7()
except (A, B) as error:
    f8()
else:
    f9()
finally:
    f10()
with a() as b, c():
    f11()
match x:
    case "one":
        f12()
    case [1, *rest] if rest:
        f13()
    case _:
        f14()
if __name__ == "__main__":
    f15()
[f16(y) for y in f17() if f18()]
"##,
        &expect![[r#"
            2: b1 if (a? > 1) in b0 s0
            4: b2 if b~() in b0 s0
            6: b3 else of (a? > 1) in b0 s0
            8: b4 for range?() in b0 s0
            12: b5 while not done?() in b0 s0
            14: b6 try in b0 s0
            16: b7 except [A?, B?] in b0 s0
            22: b8 with a?(), c?() in b0 s0
            25: b9 if (x* == "one") in b0 s0
            27: b10 if rest* in b0 s0
            29: b11 else of x* in b0 s0
            31: b12 main in b0 s0
            33: b13 comprehension in b0 s0
            8: x = range?() Loop b4 s0
            22: b = a?() With b8 s0
            3: f1?() b1 s0
            4: b~() b0 s0
            5: f2?() b2 s0
            7: f3?() b3 s0
            8: range?(3) b0 s0
            9: f4?() b4 s0
            11: f5?() b0 s0
            12: done?() b5 s0
            13: f6?() b5 s0
            15: f7?() b6 s0
            17: f8?() b7 s0
            19: f9?() b0 s0
            21: f10?() b0 s0
            22: a?() b0 s0
            22: c?() b0 s0
            23: f11?() b8 s0
            26: f12?() b9 s0
            28: f13?() b10 s0
            30: f14?() b11 s0
            32: f15?() b12 s0
            33: f17?() b0 s0
            33: f18?() b13 s0
            33: f16?(y*) b13 s0
            strings "one" "__main__"
        "#]],
    );
}

#[test]
fn assignments_of_every_kind() {
    check(
        r##"
import os
a = b = 1
a, (b, *c) = 1, f()
x, y = f()
[p, q] = (1, 2)
os.environ["X"] = '1'
cfg.seed += 1
d: int = 3
class F:
    seed: int
    rate: float = 1e-3
for i, j in enumerate(z): pass
with f() as g, h() as (k, l): pass
if (n := len(a)) > 1: pass
f().x = 1
t[1][key][g(1)] = 2
"##,
        &expect![[r#"
            2: import os as "os" b0
            10: s1 class F in s0 b0
            13: b2 for enumerate?() in b0 s0
            14: b3 with f?(), h?() in b0 s0
            15: b4 if (len?() > 1) in b0 s0
            3: a = 1 Plain b0 s0
            3: b = 1 Plain b0 s0
            4: a = 1 Plain b0 s0
            4: b = f?()#0 Plain b0 s0
            4: c = f?()#1 Plain b0 s0
            5: x = f?()#0 Plain b0 s0
            5: y = f?()#1 Plain b0 s0
            6: p = 1 Plain b0 s0
            6: q = 2 Plain b0 s0
            7: os.environ["X"] = "1" Plain b0 s0
            8: cfg.seed = 1 Augmented b0 s0
            9: d: int? = 3 Annotated b0 s0
            11: seed: int? = None Annotated b1 s1
            12: rate: float? = 0.001 Annotated b1 s1
            13: i = enumerate?()#0 Loop b2 s0
            13: j = enumerate?()#1 Loop b2 s0
            14: g = f?() With b3 s0
            14: k = h?()#0 With b3 s0
            14: l = h?()#1 With b3 s0
            15: n = len?() Plain b0 s0
            16: f().x = 1 Plain b0 s0
            17: t[1][key][] = 2 Plain b0 s0
            4: f?() b0 s0
            5: f?() b0 s0
            13: enumerate?(z?) b0 s0
            14: f?() b0 s0
            14: h?() b0 s0
            15: len?(a~) b0 s0
            16: f?() b0 s0
            17: g~(1) b0 s0
            strings "1" "X"
        "#]],
    );
}

#[test]
fn expressions_of_every_kind() {
    check(
        r##"
f(1, -2.5, +3, 1e-3, 5_000, 0xff, 3j, 10**30, 99999999999999999999)
f("a" 'b' "c", b"bytes", f"x{a}y{b.c!r:>{w}}" "z{{}}", "%s" % a, "{}".format(a))
f(True, None, ..., [1, *a], (1,), {2}, {"a": 1, **b}, **c)
f(a < b <= c, a not in b, a is not None, not a, a and b and c, a or b, a if b else c)
f(a[1], a["k"].b, a[1:g(2)], g(x).shape, -a, ~a, a @ b, await g(3))
f(*args, key=g(4), **kwargs)
"##,
        &expect![[r#"
            2: f?(1, -2.5, 3, 0.001, 5000, 255, …, (10 ** 30), 100000000000000000000) b0 s0
            3: str.format*(a?) <- "{}"->format b0 s0
            3: f?("abc", "bytes", f"x{}y{}z{{}}"[a?, b.c?], ("%s" % a?), str.format*()) b0 s0
            4: f?(true, None, …, [1, **a?], [1], [2], {"a": 1, **: b?}, **c?) b0 s0
            5: f?((a? < b? <= c?), (a? not in b?), (a? is not None), not a?, and[a?, b?, c?], or[a?, b?], (a? if b? else c?)) b0 s0
            6: g?(2) b0 s0
            6: g?(x?) b0 s0
            6: g?(3) b0 s0
            6: f?(a?[1], a?["k"]->b, a?[…], g?()->shape, (0 - a?), …, (a? @ b?), g?()) b0 s0
            7: g?(4) b0 s0
            7: f?(**args?, key=g?(), **kwargs?) b0 s0
            strings "abc" "x{}y{}z{{}}" "%s" "{}" "a" "k"
        "#]],
    );
}

#[test]
fn asserts_raises_and_returns() {
    check(
        r##"
def f():
    assert g() > 0.9, "message"
    raise ValueError("x") from e
    raise
    return 1
    return
    yield 2
    yield from h()
    """A comment."""
"##,
        &expect![[r#"
            2: s1 def f in s0 b0
            3: g?() b1 s1
            4: ValueError?("x") b1 s1
            9: h?() b1 s1
            3: assert (g?() > 0.9)
            6: return 1 s1
            8: return 2 s1
            9: return h?() s1
            4: raise ValueError?()
            5: raise 
            strings "message" "x"
        "#]],
    );
}

#[test]
fn python_2_is_read() {
    check(
        r##"
import os
print "hello %s" % os.getcwd()
if x: print "a", f()
print
try:
    exec "code"
except ValueError, e:
    print >>sys.stderr, e.args()
    print `x`
def f():
    print 'b'
    print(g())
"##,
        &expect![[r#"
            2: import os as "os" b0
            11: s1 def f in s0 b0
            4: b1 if x? in b0 s0
            6: b2 try in b0 s0
            8: b3 except ValueError? in b0 s0
            3: os.getcwd() b0 s0
            4: f~() b1 s0
            9: e.args*() b3 s0
            13: g?() b4 s1
            13: print?(g?()) b4 s1
            strings "hello %s" "a" "code" "b"
            python 2
        "#]],
    );
}

#[test]
fn errors_lose_little() {
    check(
        r##"
import numpy as np
np.random.seed(1
def f():
    np.zeros(2)
<<<<<<< HEAD
np.ones(3)
=======
import {{ cookiecutter.name }}
{% if a %}
from {{ x }} import y
np.ones(4)
"##,
        &expect![[r#"
            2: import numpy as "np" b0
            11: import y as "y" b0
            4: s1 def f in s0 b0
            3: numpy.random.seed(1) <- np.random.seed b0 s0
            5: numpy.zeros(2) <- np.zeros b1 s1
            7: numpy.ones(3) <- np.ones b0 s0
            12: numpy.ones(4) <- np.ones b0 s0
            3: problem: expected `)`, found newline
            6: problem: expected a statement
            6: problem: expected a statement
            6: problem: expected a statement
            6: problem: expected a statement
            8: problem: expected a statement
            8: problem: expected a statement
            8: problem: expected a statement
            8: problem: expected a statement
            8: problem: expected a statement
            9: problem: expected one or more symbol names after import
            10: problem: expected an expression
            10: problem: expected an identifier, but found a keyword `if` that cannot be used here
            10: problem: expected `,`, found name
            10: problem: expected an expression
            11: problem: expected a module name
            11: problem: simple statements must be separated by newlines or semicolons
        "#]],
    );
}

#[test]
fn databricks_magics_are_commands() {
    check(
        r##"
# Databricks notebook source
# MAGIC %pip install mlflow==2.1
# COMMAND ----------
# MAGIC %sh
# MAGIC ls /tmp
# MAGIC python train.py
# COMMAND ----------
# MAGIC %md
# MAGIC # Title
# MAGIC %run ./setup
import mlflow
"##,
        &expect![[r#"
            12: import mlflow as "mlflow" b0
            3: $ pip install mlflow==2.1
            6: $ ls /tmp
            7: $ python train.py
            11: $ python ./setup
        "#]],
    );
}
