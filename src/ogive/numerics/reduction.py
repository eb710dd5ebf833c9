"""Huge angles brought to the first quadrant (Payne, Hanek 1983), as LLVM text.

x = m 2^e with a whole m; those bits of 2/pi whose product with x is a multiple of 4 are left
out, and 192 bits after them suffice for any float64. It is scalar code behind a branch: lanes
that need it are rare.
"""

from __future__ import annotations

from ogive.numerics.ir import literal

HUGE = 2.0**30  # below it, three parts of pi/2 do

# 2/pi, 64 bits a word, after a word of zeros.
TWO_BY_PI_BITS = (
    0x0000000000000000,
    0xA2F9836E4E441529,
    0xFC2757D1F534DDC0,
    0xDB6295993C439041,
    0xFE5163ABDEBBC561,
    0xB7246E3A424DD2E0,
    0x06492EEA09D1921C,
    0xFE1DEB1CB129A73E,
    0xE88235F52EBB4484,
    0xE99C7026B45F7E41,
    0x3991D639835339F4,
    0x9C845F8BBDF9283B,
    0x1FF897FFDE05980F,
    0xEF2F118B5A0A6D1F,
    0x6D367ECF27CB09B7,
    0x4F463F669E5FEA2D,
    0x7527BAC7EBE5F17B,
    0x3D0739F78A5292EA,
    0x6BFB5FB11F8D5D08,
    0x56033046FC7B6BAB,
    0xF0CFBC209AF4361D,
    0xA9E391615EE61B08,
)
HALF_PI_HIGH, HALF_PI_LOW = (
    float.fromhex("0x1.921FB54442D18p0"),
    float.fromhex("0x1.1A62633145C07p-54"),
)


def text(lanes: int, magic: float) -> str:
    """``@reduced(x, z, r, s)``: the same, but with z, r and s put right where |x| is huge.

    x = n pi/2 + r + s, and z = magic + n, n being known modulo 4 only.
    """
    wide = f"<{lanes} x double>"
    triple = f"{{{wide}, {wide}, {wide}}}"
    words = ", ".join(f"i64 {w if w < 1 << 63 else w - (1 << 64)}" for w in TWO_BY_PI_BITS)
    count = len(TWO_BY_PI_BITS)
    return f"""
@two_by_pi = private constant [{count} x i64] [{words}]
declare double @llvm.fma.f64(double, double, double)
declare double @llvm.fabs.f64(double)
declare i64 @llvm.fshl.i64(i64, i64, i64)
declare {wide} @llvm.fabs.v{lanes}f64({wide})
declare i1 @llvm.vector.reduce.or.v{lanes}i1(<{lanes} x i1>)
define internal {{double, double, double}} @reduced_one(double %x) noinline {{
  %size = call double @llvm.fabs.f64(double %x)
  %bits = bitcast double %size to i64
  %exponent = lshr i64 %bits, 52
  %low = and i64 %bits, 4503599627370495
  %m = or i64 %low, 4503599627370496
  %start = sub i64 %exponent, 1013
  %word = lshr i64 %start, 6
  %shift = and i64 %start, 63
  %p0 = getelementptr i64, ptr @two_by_pi, i64 %word
  %p1 = getelementptr i64, ptr %p0, i64 1
  %p2 = getelementptr i64, ptr %p0, i64 2
  %p3 = getelementptr i64, ptr %p0, i64 3
  %t0 = load i64, ptr %p0
  %t1 = load i64, ptr %p1
  %t2 = load i64, ptr %p2
  %t3 = load i64, ptr %p3
  %w0 = call i64 @llvm.fshl.i64(i64 %t0, i64 %t1, i64 %shift)
  %w1 = call i64 @llvm.fshl.i64(i64 %t1, i64 %t2, i64 %shift)
  %w2 = call i64 @llvm.fshl.i64(i64 %t2, i64 %t3, i64 %shift)
  %m.w = zext i64 %m to i128
  %w1.w = zext i64 %w1 to i128
  %w2.w = zext i64 %w2 to i128
  %a = mul i128 %m.w, %w2.w
  %a.high = lshr i128 %a, 64
  %b = mul i128 %m.w, %w1.w
  %c = add i128 %b, %a.high
  %c.high = lshr i128 %c, 64
  %c.top = trunc i128 %c.high to i64
  %d = mul i64 %m, %w0
  %r0 = add i64 %d, %c.top
  %r1 = trunc i128 %c to i64
  %r2 = trunc i128 %a to i64
  %up = add i64 %r0, 2305843009213693952
  %n = lshr i64 %up, 62
  %h = call i64 @llvm.fshl.i64(i64 %r0, i64 %r1, i64 2)
  %l = call i64 @llvm.fshl.i64(i64 %r1, i64 %r2, i64 2)
  %h.top = ashr i64 %h, 32
  %h.low = and i64 %h, 4294967295
  %l.top = lshr i64 %l, 32
  %l.low = and i64 %l, 4294967295
  %f0.i = sitofp i64 %h.top to double
  %f1.i = sitofp i64 %h.low to double
  %f2.i = sitofp i64 %l.top to double
  %f3.i = sitofp i64 %l.low to double
  %f0 = fmul double %f0.i, {literal(2.0**-32)}
  %f1 = fmul double %f1.i, {literal(2.0**-64)}
  %f2 = fmul double %f2.i, {literal(2.0**-96)}
  %f3 = fmul double %f3.i, {literal(2.0**-128)}
  %tail = fadd double %f2, %f3
  %s = fadd double %f0, %f1
  %s.back = fsub double %s, %f0
  %s.rest = fsub double %f1, %s.back
  %v.low = fadd double %s.rest, %tail
  %v = fadd double %s, %v.low
  %v.back = fsub double %v, %s
  %v.rest = fsub double %v.low, %v.back
  %r = fmul double %v, {literal(HALF_PI_HIGH)}
  %r.not = fneg double %r
  %e0 = call double @llvm.fma.f64(double %v, double {literal(HALF_PI_HIGH)}, double %r.not)
  %e1 = call double @llvm.fma.f64(double %v, double {literal(HALF_PI_LOW)}, double %e0)
  %e = call double @llvm.fma.f64(double %v.rest, double {literal(HALF_PI_HIGH)}, double %e1)
  %below = fcmp olt double %x, 0.0
  %n.not = sub i64 0, %n
  %n.side = select i1 %below, i64 %n.not, i64 %n
  %n.float = sitofp i64 %n.side to double
  %z = fadd double %n.float, {literal(magic)}
  %e.not = fneg double %e
  %r.side = select i1 %below, double %r.not, double %r
  %e.side = select i1 %below, double %e.not, double %e
  %out0 = insertvalue {{double, double, double}} poison, double %z, 0
  %out1 = insertvalue {{double, double, double}} %out0, double %r.side, 1
  %out2 = insertvalue {{double, double, double}} %out1, double %e.side, 2
  ret {{double, double, double}} %out2
}}
define internal {triple} @reduced({wide} %x, {wide} %z, {wide} %r, {wide} %s) alwaysinline {{
entry:
  %size = call {wide} @llvm.fabs.v{lanes}f64({wide} %x)
  %huge = fcmp ogt {wide} %size, splat (double {literal(HUGE)})
  %finite = fcmp olt {wide} %size, splat (double 0x7FF0000000000000)
  %both = and <{lanes} x i1> %huge, %finite
  %any = call i1 @llvm.vector.reduce.or.v{lanes}i1(<{lanes} x i1> %both)
  br i1 %any, label %loop, label %done
loop:
  %i = phi i64 [0, %entry], [%next, %joined]
  %zs = phi {wide} [%z, %entry], [%zs.new, %joined]
  %rs = phi {wide} [%r, %entry], [%rs.new, %joined]
  %ss = phi {wide} [%s, %entry], [%ss.new, %joined]
  %this = extractelement <{lanes} x i1> %both, i64 %i
  br i1 %this, label %slow, label %joined
slow:
  %one = extractelement {wide} %x, i64 %i
  %got = call {{double, double, double}} @reduced_one(double %one)
  %z.one = extractvalue {{double, double, double}} %got, 0
  %r.one = extractvalue {{double, double, double}} %got, 1
  %s.one = extractvalue {{double, double, double}} %got, 2
  %z.in = insertelement {wide} %zs, double %z.one, i64 %i
  %r.in = insertelement {wide} %rs, double %r.one, i64 %i
  %s.in = insertelement {wide} %ss, double %s.one, i64 %i
  br label %joined
joined:
  %zs.new = phi {wide} [%zs, %loop], [%z.in, %slow]
  %rs.new = phi {wide} [%rs, %loop], [%r.in, %slow]
  %ss.new = phi {wide} [%ss, %loop], [%s.in, %slow]
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, {lanes}
  br i1 %more, label %loop, label %done
done:
  %z.out = phi {wide} [%z, %entry], [%zs.new, %joined]
  %r.out = phi {wide} [%r, %entry], [%rs.new, %joined]
  %s.out = phi {wide} [%s, %entry], [%ss.new, %joined]
  %a0 = insertvalue {triple} poison, {wide} %z.out, 0
  %a1 = insertvalue {triple} %a0, {wide} %r.out, 1
  %a2 = insertvalue {triple} %a1, {wide} %s.out, 2
  ret {triple} %a2
}}"""
