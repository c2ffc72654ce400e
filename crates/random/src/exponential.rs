//! Samples of the exponential distribution by an integer ziggurat, so that the samples are the same on every platform.
//!
//! Marsaglia and Tsang, "The ziggurat method for generating random variables" (2000), 256 layers of equal area. Layer 0
//! contains the tail: beyond its start, the distribution repeats itself.

use crate::streams::Stream;

/// Fraction bits of a sample.
pub const FRACTION_BITS: u32 = 48;

/// Start of the tail, 7.69711747013104971…, in 2⁻⁴⁸.
const TAIL: u64 = WIDTHS[1] >> 8;

/// A sample of the exponential distribution with mean 1, in units of 2⁻⁴⁸.
#[inline]
pub fn sample(stream: &mut Stream) -> u64 {
    let mut beyond = 0;
    loop {
        let bits = stream.bits();
        let (layer, uniform) = ((bits & 255) as usize, bits >> 8);
        let value = ((u128::from(uniform) * u128::from(WIDTHS[layer])) >> 64) as u64;
        if uniform < BOUNDS[layer] {
            return beyond + value;
        }
        if layer == 0 {
            beyond += TAIL;
        } else if below_the_curve(stream, layer, value) {
            return beyond + value;
        }
    }
}

/// A sample of the exponential distribution with mean 1 as a float, which is exact up to 32.
#[inline]
pub fn sample_unit(stream: &mut Stream) -> f64 {
    sample(stream) as f64 / (1u64 << FRACTION_BITS) as f64
}

/// A sample with mean `mean_ns`, rounded \[ns\].
#[inline]
pub fn sample_ns(stream: &mut Stream, mean_ns: u64) -> u64 {
    let half = 1 << (FRACTION_BITS - 1);
    ((u128::from(sample(stream)) * u128::from(mean_ns) + half) >> FRACTION_BITS) as u64
}

/// Whether a point at `value`, at a uniform height within its layer, lies under e⁻ˣ. Two samples of a hundred need this
/// test.
#[cold]
fn below_the_curve(stream: &mut Stream, layer: usize, value: u64) -> bool {
    let density = |x: f64| libm::exp(-x);
    let edge = |layer: usize| WIDTHS[layer] as f64 / (1u64 << 56) as f64;
    let (low, high) = (density(edge(layer)), density(edge(layer + 1)));
    low + stream.unit() * (high - low) < density(value as f64 / (1u64 << FRACTION_BITS) as f64)
}

/// Below this value, a sample of the layer lies completely under the curve, in 2⁻⁵⁶ of the layer's width.
const BOUNDS: [u64; 256] = {
    let mut bounds = [0; 256];
    let mut layer = 0;
    while layer < 256 {
        bounds[layer] = (((WIDTHS[layer + 1] as u128) << 56) / WIDTHS[layer] as u128) as u64;
        layer += 1;
    }
    bounds
};

/// Right edges of the layers in 2⁻⁵⁶, from the base (its width is area divided by height) to the peak at 0: the x₁ that
/// makes the areas equal, and xᵢ₊₁ = −ln(v/xᵢ + e^(−xᵢ)) with v = (x₁ + 1)·e^(−x₁), computed to 60 digits.
#[rustfmt::skip]
const WIDTHS: [u64; 257] = [
    0x08b2764a5faee0a6, 0x07b2764a5faee0a6, 0x06f0e794769c7ef0, 0x067a7703521ee14b,
    0x0624e7f9bcbb465c, 0x05e1d435bab18bbb, 0x05aa99db52efdc83, 0x057b9eb85cc4f49b,
    0x0552b60f33dcfd6b, 0x052e75f351d47447, 0x050de5d9b904d86d, 0x04f053b1f22e1845,
    0x04d53b89f33dd768, 0x04bc38e291047c0c, 0x04a4fd6b926aa956, 0x048f4aed966467cc,
    0x047aef28327e9f14, 0x0467c0ef2cf0b571, 0x04559e19dd510a80, 0x04446a00d0e4a998,
    0x04340c5e17522801, 0x0424707372e95368, 0x04158462fd63bba6, 0x040738acd8bb0b6e,
    0x03f97fc87ed8dca9, 0x03ec4dd2f23ef4d5, 0x03df984cea1d4937, 0x03d355e55e70781f,
    0x03c77e4dc3212c03, 0x03bc0a15e9de33ec, 0x03b0f28dfd877d89, 0x03a631ad64e718a6,
    0x039bc1fd9e552fe9, 0x03919e8859191e7c, 0x0387c2c8385c14e5, 0x037e2a9bc97deee9,
    0x0374d23a4edb4bc9, 0x036bb62a123d41ec, 0x0362d3380076c13b, 0x035a26705b08b88c,
    0x0351ad1855b0dd31, 0x034964a87d098766, 0x03414ac7c93e2ef6, 0x03395d47449b3d3a,
    0x03319a1e31a35b01, 0x0329ff669f8541ca, 0x03228b5a5e6ea879, 0x031b3c504766d2ad,
    0x031410b9cd2b7555, 0x030d0720cd0e6838, 0x03061e259817d86b, 0x02ff547d2dc28247,
    0x02f8a8efa28eda5f, 0x02f21a56ad6e3f1a, 0x02eba79c57ae3855, 0x02e54fb9cb9a42f6,
    0x02df11b63e84a0d8, 0x02d8eca5f34f63c1, 0x02d2dfa952e91dcf, 0x02cce9ec187e863e,
    0x02c70aa48f65d28d, 0x02c14112e1030f16, 0x02bb8c807117b3b0, 0x02b5ec3f471c20ec,
    0x02b05fa983688c22, 0x02aae620df14eb45, 0x02a57f0e35955631, 0x02a029e11732a109,
    0x029ae60f639624de, 0x0295b314ebb4297c, 0x029090731a728648, 0x028b7db0a3792589,
    0x02867a5937a85efa, 0x028185fd3ebdd59b, 0x027ca03195bbd9f0, 0x0277c88f51b1706c,
    0x0272feb3868a286a, 0x026e423f11950acf, 0x026992d667792caf, 0x0264f0216554fa00,
    0x026059cb24cb2c90, 0x025bcf81d2c5ae0a, 0x025750f688bb6a16, 0x0252dddd284a6566,
    0x024e75ec38fb54c5, 0x024a18dcc807773f, 0x0245c66a49fca9f8, 0x02417e527e1e9434,
    0x023d405553666e09, 0x02390c34cf054b42, 0x0234e1b4f44f040c, 0x0230c09badf5d3b9,
    0x022ca8b0b8809811, 0x022899bd8de74569, 0x0224938d5242a946, 0x022095ecc17df9c9,
    0x021ca0aa1df9f6e5, 0x0218b39520128dee, 0x0214ce7ee679032c, 0x0210f139e755a1de,
    0x020d1b99e224db66, 0x02094d73d244945f, 0x0205869de2272359, 0x0201c6ef5f223a8e,
    0x01fe0e40add09d85, 0x01fa5c6b3efe1e51, 0x01f6b1498515ecfc, 0x01f30cb6ea0bc7f5,
    0x01ef6e8fc5b9167e, 0x01ebd6b154a76783, 0x01e844f9af4237f2, 0x01e4b947c16a451b,
    0x01e1337b426509b8, 0x01ddb374ad2357f5, 0x01da391538da50a4, 0x01d6c43ed1ea3fe8,
    0x01d354d4130f2ad6, 0x01cfeab83ed717fb, 0x01cc85cf395a56be, 0x01c925fd82323fb4,
    0x01c5cb282eab1a41, 0x01c27534e42e02ca, 0x01bf2409d2dfd84e, 0x01bbd78db0726105,
    0x01b88fa7b324fb5e, 0x01b54c3f8cf25421, 0x01b20d3d66e8bb51, 0x01aed289dcaacff6,
    0x01ab9c0df81657a1, 0x01a869b32d0f30ef, 0x01a53b63556c68fe, 0x01a21108ad0592d7,
    0x019eea8dcdde9513, 0x019bc7ddac7035ca, 0x0198a8e3940bbf3d, 0x01958d8b235828a0,
    0x019275c048e73e10, 0x018f616f3fe15134, 0x018c50848cc60942, 0x018942ecfa40f542,
    0x0186389596108e6e, 0x0183316badfe6299, 0x01802d5ccce7276e, 0x017d2c56b7d17f6f,
    0x017a2e476b1240a3, 0x0177331d177d12fa, 0x01743ac61fa041c0, 0x01714531150a9fa9,
    0x016e524cb59a607d, 0x016b6207e8d3cdf4, 0x01687451bd3ebee7, 0x0165891965c9b8c1,
    0x0162a04e3731a2dc, 0x015fb9dfa56cf266, 0x015cd5bd4119334a, 0x0159f3d6b4e9cf8c,
    0x0157141bc316f26c, 0x0154367c42cb5f7f, 0x01515ae81d900fb2, 0x014e814f4cb45ea4,
    0x014ba9a1d6b18a3a, 0x0148d3cfcc883c39, 0x0145ffc94716ca6d, 0x01432d7e6466cd01,
    0x01405cdf44f09c3f, 0x013d8ddc08d336d7, 0x013ac064ccfeffc4, 0x0137f469a851aefd,
    0x013529daa8a1ba0c, 0x013260a7cfb76115, 0x012f98c11031720b, 0x012cd2164a53b5d7,
    0x012a0c9748bcda99, 0x01274833bd0189f5, 0x012484db3c2a3294, 0x0121c27d3b10e04c,
    0x011f01090a9c4e1d, 0x011c406dd3d5282d, 0x0119809a93d23959, 0x0116c17e1777ffb0,
    0x01140306f707dbdd, 0x01114523917ac153, 0x010e87c207a2f65e, 0x010bcad037101369,
    0x01090e3bb4b0071d, 0x010651f1c7276f7b, 0x010395df60db161d, 0x0100d9f119a3cd8e,
    0x00fe1e1328254d09, 0x00fb62315abff5aa, 0x00f8a6371014a4fc, 0x00f5ea0f2f10db13,
    0x00f32da41e78821d, 0x00f070dfbbe18ff2, 0x00edb3ab521482b6, 0x00eaf5ef8ec35c65,
    0x00e83794778737d6, 0x00e578815e12d6d6, 0x00e2b89cd38694f6, 0x00dff7cc9acff4c9,
    0x00dd35f599fc7c4b, 0x00da72fbca64bcdb, 0x00d7aec22791264a, 0x00d4e92a9cb69309,
    0x00d22215f0a44253, 0x00cf5963aff81df8, 0x00cc8ef2156899c3, 0x00c9c29defed1223,
    0x00c6f4428686294d, 0x00c423b9795f0f5d, 0x00c150da9ff6acc7, 0x00be7b7be3f40b8e,
    0x00bba371183bcb97, 0x00b8c88bcbcc85da, 0x00b5ea9b17d54a20, 0x00b3096b68634703,
    0x00b024c63ee97678, 0x00ad3c71edc5f7e9, 0x00aa50314bc37a64, 0x00a75fc35e685c9b,
    0x00a46ae2f9af3890, 0x00a1714653833a44, 0x009e729e890b1503, 0x009b6e97136c1013,
    0x009864d52936d25b, 0x009554f7091b4059, 0x00923e9329c7f973, 0x008f213749f24f37,
    0x008bfc675a5efcff, 0x0088cf9c3a4fad78, 0x00859a423cdc07e2, 0x00825bb76b53aac0,
    0x007f134975a0c823, 0x007bc0333d7d3ea8, 0x00786199e3c5cd68, 0x0074f68937c5f0d6,
    0x00717def5e30fe24, 0x006df69777768f0f, 0x006a5f22f975480e, 0x0066b6015488df47,
    0x0062f965534d81ba, 0x005f2737685f4065, 0x005b3d03c29caef5, 0x005737e274092b0d,
    0x00531457182ff886, 0x004ece23f8f5bb28, 0x004a600a436898cb, 0x0045c36c935bd9c0,
    0x0040efc1271970ef, 0x003bd9b16edb7b30, 0x003671a3def36f98, 0x0030a121f784f4ff,
    0x002a45cdca9454e7, 0x0023266b52b71b74, 0x001ad6b2495b4d2b, 0x0010589d8b5d4119,
    0x0000000000000000,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;

    #[test]
    fn layers_have_equal_areas() {
        let x = |layer: usize| WIDTHS[layer] as f64 / (1u64 << 56) as f64;
        let area = (x(1) + 1.0) * (-x(1)).exp();
        for layer in 1..256 {
            let this = x(layer) * ((-x(layer + 1)).exp() - (-x(layer)).exp());
            assert!((this / area - 1.0).abs() < 1e-12, "layer {layer}: {this} is not {area}");
        }
        assert!((x(0) * (-x(1)).exp() / area - 1.0).abs() < 1e-12);
    }

    #[test]
    fn samples_follow_the_distribution() {
        let n = 1_000_000;
        let mut stream = Streams::new(5, "test").of(0);
        let mut samples: Vec<f64> =
            (0..n).map(|_| sample(&mut stream) as f64 / (1u64 << FRACTION_BITS) as f64).collect();
        samples.sort_by(f64::total_cmp);
        let distance = samples.iter().enumerate().map(|(i, &x)| {
            let distribution = 1.0 - (-x).exp();
            (distribution - i as f64 / n as f64).abs().max((distribution - (i + 1) as f64 / n as f64).abs())
        });
        // Kolmogorov-Smirnov: one seed in a thousand exceeds 1.95/√n by chance; this seed is fixed.
        let distance = distance.fold(0.0, f64::max);
        assert!(distance < 1.95 / (n as f64).sqrt(), "{distance}");
        assert!(samples[n - 1] > 7.7, "the tail is sampled too: {}", samples[n - 1]);
    }
}
