module Churn
using Flux, Random: seed!, rand
import CSV as C, DataFrames
include("data.jl")
export train
const SEED = 0x2a
"""doc $(1 + 2)"""
struct Model{T<:Real} <: Abstract
    w::Vector{T}
end
@kwdef mutable struct P; a = 1; b::Int = 2 end
f(x::Int; y=1, z...) = x^2 + y'
function train(data, ::Type{T}=Float64; epochs=10) where {T}
    Random.seed!(SEED); rng = MersenneTwister(1)
    m = Chain(Dense(2 => 3, relu), x -> x .+ 1, softmax)
    for (x, y) in data, e in 1:epochs
        loss, g = Flux.withgradient(m) do m
            crossentropy(m(x), y)
        end
        @info "loss $loss $(round(loss; digits=2))" e
    end
    while true; break; end
    try; error("x") catch e; rethrow() finally; close(io) end
    y = a ? b : c; z = [i^2 for i in 1:3 if isodd(i)]; w = [1 2; 3 4]; q = A[end, :]
    if x > 1 && y <= 2 || !z elseif z == nothing else end
    let a = 1 begin a end end
    s = """a "q" $x"""; c = 'x'; r = r"a\"b"; `ls $x` |> run; :sym; x.y.z(); m = @view a[1:2]
    #= nested #= comment =# =# return m, x...
end
macro m(e) quote $e end end
@testset "t" begin @test train(1) ≈ 2 atol=1e-3 end
end
