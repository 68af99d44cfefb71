use expect_test::{Expect, expect};

use super::read;
use crate::ledger::rendering::render;
use crate::limits::DEPTH;

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(&read(text)));
}

#[test]
fn flux() {
    check(
        r#"
using Flux, MLDatasets
using Flux: Chain, Dense, Data.DataLoader, @epochs
using Flux.Losses: logitcrossentropy as lce
import Random, CUDA
using Statistics: mean
using ..Utils

Random.seed!(42)
device = CUDA.functional() ? gpu : cpu
function build_model(; imgsize=(28, 28, 1), nclasses::Int=10)
    return Chain(Dense(prod(imgsize) => 32, relu), Dense(32, nclasses)) |> device
end
accuracy(x, y) = mean(onecold(model(x)) .== onecold(y))
model = build_model(nclasses = 10)
opt_state = Flux.setup(Adam(1f-3), model)
for epoch in 1:10, (x, y) in loader
    x, y = device(x), device(y)
    loss, grads = Flux.withgradient(m -> lce(m(x), y), model)
    Flux.update!(opt_state, model, grads[1])
    @info "epoch $epoch: $(round(loss; digits=3))" loss acc=accuracy(x, y)
end
@epochs 10 Flux.train!(loss, ps, data, opt)
Flux.@epochs 2 step!(model)
"#,
        expect![[r#"
            2 import Flux as Flux
            2 import MLDatasets as MLDatasets
            3 import Flux: Chain as Chain
            3 import Flux: Dense as Dense
            3 import Flux.Data: DataLoader as DataLoader
            3 import Flux: @epochs as @epochs
            4 import Flux.Losses: logitcrossentropy as lce
            5 import Random as Random
            5 import CUDA as CUDA
            6 import Statistics: mean as mean
            7 import ..Utils as Utils
            9 #0 Random.seed!^(42)
            10 #1 CUDA.functional^()
            10 device = (#1 ? gpu? : cpu?) Plain
            11 Function build_model(imgsize=[28, 28, 1], nclasses::Int?=10)
            12 #2 prod?(imgsize~) in build_model@1
            12 #3 Flux.Dense^((#2 => 32), relu?) in build_model@1
            12 #4 Flux.Dense^(32, nclasses~) in build_model@1
            12 #5 Flux.Chain^(#3, #4) in build_model@1
            12 #6 device(#5) in build_model@1
            12 return #6
            14 Function accuracy(x, y)
            14 #7 model(x~) in accuracy@2
            14 #8 onecold?(#7) in accuracy@2
            14 #9 onecold?(y~) in accuracy@2
            14 #10 Statistics.mean^((#8 Equal #9)) in accuracy@2
            14 return #10
            15 #11 build_model(nclasses=10)
            15 model = #11 Plain
            16 #12 Adam?(0.001)
            16 #13 Flux.setup^(#12, model)
            16 opt_state = #13 Plain
            17 epoch = (1 : 10) Loop
            17 x = loader?[0] Loop
            17 y = loader?[1] Loop
            18 #14 device(x~) <for (1 : 10)>
            18 #15 device(y~) <for (1 : 10)>
            18 x = #14 Plain <for (1 : 10)>
            18 y = #15 Plain <for (1 : 10)>
            19 Lambda (m)
            19 #16 m~(x~) in @3
            19 #17 Flux.Losses.logitcrossentropy^(#16, y~) in @3
            19 #18 Flux.withgradient^(_, model) <for (1 : 10)>
            19 loss = #18[0] Plain <for (1 : 10)>
            19 grads = #18[1] Plain <for (1 : 10)>
            20 #19 Flux.update!^(opt_state, model, grads[1]) <for (1 : 10)>
            21 #20 round?(loss, digits=3) <for (1 : 10)>
            21 #21 accuracy(x~, y~) <for (1 : 10)>
            21 #22 @info?("epoch {}: {}"%(epoch~, #20), loss, acc=#21) <for (1 : 10)>
            23 #23 Flux.train!^(loss, ps?, data?, opt?)
            23 #24 Flux.@epochs^(10, #23)
            24 #25 step!?(model)
            24 #26 Flux.@epochs^(2, #25)
        "#]],
    );
}

#[test]
fn mlj() {
    check(
        r#"
module Pipeline
using MLJ; import DataFrames as DF
export run,
    stop
X, y = @load_iris
Tree = @load DecisionTreeClassifier pkg=DecisionTree verbosity=0
train, test = partition(eachindex(y), 0.7, shuffle=true; rng=123)
mach = machine(Tree(max_depth=3), X, y)
fit!(mach; rows=train, verbosity)
evaluate!(mach, resampling=CV(nfolds=5), measures=[log_loss, accuracy])
df = DF.DataFrame(CSV.File("data/iris.csv"))
df[:, :species] .= "x"
predict(mach, X[test[1:end-1], :]) |> mode
end # module
"#,
        expect![[r#"
            3 import MLJ as MLJ
            3 import DataFrames as DF
            6 #0 @load_iris?()
            6 X = #0[0] Plain
            6 y = #0[1] Plain
            7 #1 @load?(DecisionTreeClassifier?, pkg=DecisionTree?, verbosity=0)
            7 Tree = #1 Plain
            8 #2 eachindex?(y)
            8 #3 partition?(#2, 0.7, shuffle=true, rng=123)
            8 train = #3[0] Plain
            8 test = #3[1] Plain
            9 #4 Tree(max_depth=3)
            9 #5 machine?(#4, X, y)
            9 mach = #5 Plain
            10 #6 fit!?(mach, rows=train, verbosity=verbosity?)
            11 #7 CV?(nfolds=5)
            11 #8 evaluate!?(mach, resampling=#7, measures=[log_loss?, accuracy?])
            12 #9 CSV.File?("data/iris.csv")
            12 #10 DataFrames.DataFrame^(#9)
            12 df = #10 Plain
            13 df[:, :species] = "x" Augmented
            14 #11 predict?(mach, X[[test[(1 : (end? - 1))], _]])
            14 #12 mode?(#11)
        "#]],
    );
}

#[test]
fn definitions() {
    check(
        r#"
"Documented."
mutable struct Net{T<:Real} <: AbstractModel
    weights::Matrix{T}
    rate::Float64 = 0.1
    Net(w) = new{Float64}(w, 0.1)
end
(m::Net)(x) = m.weights * x
function (m::Net)(x, y) m(x) + y end
Base.show(io::IO, m::Net) = print(io, "net")
f(x::T, ys...; k=g(1))::T where {T <: Real} = x^k
function stub end
macro twice(ex)
    quote
        $ex; $ex
    end
end
abstract type Model <: Base.Any end
const LR, N = 0.01, 5
h = function (a) a' end
open("x.txt", "w") do io
    write(io, f(2))
end
map((a, b) -> a + b, xs, ys)
Foo{Int}(3).bar(4)
n::Int = 3
"#,
        expect![[r#"
            3 Class Net()
            4 weights::Matrix? = none Annotated in Net@1
            5 rate::Float64? = 0.1 Annotated in Net@1
            6 Function Net.Net(w)
            6 #0 new?(w~, 0.1) in Net.Net@2
            6 return #0
            8 Function Net(x)
            8 return (m.weights? * x~)
            9 Function Net(x, y)
            9 #1 m?(x~) in Net@4
            9 return (#1 + y~)
            10 Function Base.show(io::IO?, m::Net)
            10 #2 print?(io~, "net") in Base.show@5
            10 return #2
            11 Function f(x::T?, ys, k=#3)
            11 #3 g?(1) in f@6
            11 return (x~ ^ k~)
            12 Function stub() stub
            13 Function @twice(ex)
            19 LR = 0.01 Plain
            19 N = 5 Plain
            20 Lambda (a)
            20 h = _ Plain
            20 return a~
            21 Lambda (io)
            21 #6 open?(_, "x.txt", "w")
            22 #4 f(2) in @10
            22 #5 write?(io~, #4) in @10
            24 Lambda (a, b)
            24 #7 map?(_, xs?, ys?)
            25 #8 Foo?(3)
            25 #9 Foo().bar~(4)
            26 n::Int? = 3 Annotated
        "#]],
    );
}

#[test]
fn tests_assert_in_blocks() {
    check(
        r#"
include("../src/model.jl")
@testset "model $name" begin
    @test size(y) == (10, 1)
    @test loss(x) ≈ 0.5 atol=1e-3
    @assert 0 < a <= 1 "range"
    @testset for m in models
        @test_throws ErrorException m(1)
    end
end
try
    load()
catch e
    rethrow(e)
finally
    close(io)
end
if isfile("a") && !debug
    a()
elseif b
    c()
else
    d()
end
while true; let z = 1; e(z); end; break; end
v = [norm(w) for w in ws, q in qs if w > 0]
s = sum(p(i) for i in 1:3)
cond || error("bad")
x = begin y = 2; y + 1 end
if abspath(PROGRAM_FILE) == @__FILE__
    main()
end
"#,
        expect![[r#"
            2 #0 include?("../src/model.jl")
            3 #9 @testset?("model {}"%(name?), _)
            4 #1 size?(y)
            4 #2 @test?((#1 Equal [10, 1]))
            4 assert (#1 Equal [10, 1])
            5 #3 loss?(x)
            5 #4 @test?((#3 ≈ 0.5), atol=0.001)
            5 assert (#3 ≈ 0.5)
            6 #5 @assert?((0 Less a? LessEqual 1), "range")
            6 assert (0 Less a? LessEqual 1)
            7 #8 @testset?(_)
            7 m = models? Loop
            8 #6 m~(1) <for models?>
            8 #7 @test_throws?(ErrorException?, #6) <for models?>
            12 #10 load?() <Try>
            14 #11 rethrow?(e?) <Except(None)>
            16 #12 close?(io?)
            18 #13 isfile?("a")
            19 #14 a?() <if and(#13, not debug?)>
            21 #15 c?() <if b?>
            23 #16 d?() <else and(#13, not debug?)>
            25 #17 e?(z) <while true>
            25 z = 1 Plain <while true>
            26 #18 norm?(w?) <Comprehension>
            26 v = _ Plain
            27 #19 p?(i?) <Comprehension>
            27 #20 sum?(_)
            27 s = #20 Plain
            28 #21 error?("bad")
            29 y = 2 Plain
            29 x = _ Plain
            30 #22 abspath?(PROGRAM_FILE?)
            30 #23 @__FILE__?()
            31 #24 main?() <Main>
        "#]],
    );
}

#[test]
fn literals() {
    check(
        r#"
#= a #= nested =# comment =#
a = 'x'; b = A'; c = x'y; d = '\''; e = :sym; t = """
one $two
"""
f = r"\d+"i; g = raw"C:\x"; h = `ls $dir`; i = 1_000; j = 0x1f; k = 2x + 3(y)
l = (a=1, b=2); m = (1, 2); o = [1 -1; 2 3]; p = x != y; q = c ? 1:2 : :b
r = "a $("b $(c("d"))") e\n"; s = sin.(x) .+ 1; u = a.b[end].c; w = x -> y -> x
"#,
        expect![[r#"
            3 a = "x" Plain
            3 b = A? Plain
            3 c = x? Plain
            3 d = "'" Plain
            3 e = "sym" Plain
            3 t = "one {}\n"%(two?) Plain
            6 f = "\\d+" Plain
            6 g = "C:\\x" Plain
            6 h = "ls {}"%(dir?) Plain
            6 i = 1000 Plain
            6 j = 31 Plain
            6 k = ((2 * x?) + (3 * y?)) Plain
            7 l = {"a": 1, "b": 2} Plain
            7 m = [1, 2] Plain
            7 o = [1, -1, 2, 3] Plain
            7 p = (x? NotEqual y?) Plain
            7 q = (c ? (1 : 2) : "b") Plain
            8 Lambda (x)
            8 Lambda (y)
            8 #0 c("d")
            8 #1 sin?(x?)
            8 r = "a {} e\n"%("b {}"%(#0)) Plain
            8 s = (#1 + 1) Plain
            8 u = a.b~[end?].c Plain
            8 w = _ Plain
        "#]],
    );
}

#[test]
fn broken_text_keeps_what_can_be_read() {
    check(
        "using Flux\nf(a]\nfunction g(x\n  h(x)\nend\n)\nend\nif\nk(1)\n\"open $(x",
        expect![[r#"
            1 import Flux as Flux
            2 #0 f?(a?)
            2 problem: no `)` closes this
            3 Function g(x) stub
            4 #1 h?(x~) in g@1
            5 problem: unexpected `end`
            8 problem: no `end` closes this
            9 #2 k?(1) <if _>
            10 problem: string without end
        "#]],
    );
}

#[test]
fn hostile_text_is_bounded() {
    let many = 10_000;
    let texts = [
        "(".repeat(many),
        "f(".repeat(many),
        "[".repeat(many),
        "begin ".repeat(many),
        "if a ".repeat(many),
        "function f() ".repeat(many),
        "\"$(".repeat(many),
        "x -> ".repeat(many),
        "f(x) = ".repeat(many),
        "a = ".repeat(many),
        "a, ".repeat(many),
        "a ? b : ".repeat(many),
        "a ? ".repeat(many),
        "@a ".repeat(many),
        "a.".repeat(many),
        "f()".repeat(many),
        "f().".repeat(many),
        "a |> ".repeat(many),
        "a + ".repeat(many),
        "a && ".repeat(many),
        "!".repeat(many),
        "2".repeat(many) + &"x^".repeat(many),
        "#=".repeat(many),
        "map(x) do y ".repeat(many),
        "return ".repeat(many),
        "const ".repeat(many),
        "let a = ".repeat(many),
        "struct ".repeat(many),
        "module A ".repeat(many),
        ": ".repeat(many),
        ":(".repeat(many),
        "[x for x in ".repeat(many),
        "f(x)::".repeat(many),
        "(a)(".repeat(many),
    ];
    for text in texts {
        let code = read(&text);
        let deepest = (0..code.scopes.len())
            .map(|scope| code.scopes_around(scope as u32).count())
            .max();
        assert!(deepest <= Some(DEPTH + 1));
        render(&code);
    }
}

#[test]
fn random_text_never_panics() {
    const PARTS: [&str; 58] = [
        "using A: b",
        "import ",
        "x",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "function",
        "->",
        "=",
        ".",
        "::",
        "|>",
        "\"",
        "\"\"\"",
        "'",
        "$",
        "$(",
        "`",
        "\n",
        ";",
        ",",
        "if ",
        "else ",
        "elseif ",
        "for ",
        " in ",
        "while ",
        "end ",
        "begin ",
        "do ",
        "try ",
        "catch ",
        "let ",
        "struct ",
        "module ",
        "macro ",
        "quote ",
        "return ",
        "1e-",
        "0x",
        "@",
        "@test ",
        ":",
        "?",
        "!",
        "-",
        "é",
        "#=",
        "=#",
        "...",
        " where ",
        "∈",
        "const ",
        " ",
        "f(x) = ",
    ];
    arbtest::arbtest(|u| {
        let text: String = match u.arbitrary()? {
            true => u.arbitrary::<String>()?,
            false => (0..u.int_in_range(0..=60)?)
                .map(|_| u.choose(&PARTS).copied())
                .collect::<Result<_, _>>()?,
        };
        render(&read(&text));
        Ok(())
    });
}
