//! Colors by how they are perceived (CSS Color Level 4, sections 9 and 18).

/// The white that `lab()` has.
const WHITE: [f64; 3] = [0.964_295_68, 1.0, 0.825_104_60];

/// Red, green and blue, of 255 parts each, of a color in Oklab or in Lab.
pub(super) fn channels(is_ok: bool, lightness: f64, a: f64, b: f64) -> [f64; 3] {
    let linear = if is_ok {
        of_oklab(lightness.clamp(0.0, 1.0), a, b)
    } else {
        of_lab(lightness.clamp(0.0, 100.0), a, b)
    };
    linear.map(|channel| {
        let channel = channel.clamp(0.0, 1.0);
        255.0
            * if channel <= 0.003_130_8 {
                channel * 12.92
            } else {
                1.055 * channel.powf(1.0 / 2.4) - 0.055
            }
    })
}

fn of_oklab(lightness: f64, a: f64, b: f64) -> [f64; 3] {
    let cones = [
        lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b,
        lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b,
        lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b,
    ];
    by(
        [
            [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
            [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
            [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0],
        ],
        cones.map(|cone| cone.powi(3)),
    )
}

fn of_lab(lightness: f64, red: f64, yellow: f64) -> [f64; 3] {
    const EDGE: f64 = 24.0 / 116.0;
    let light = (lightness + 16.0) / 116.0;
    let [x, y, z] = [light + red / 500.0, light, light - yellow / 200.0].map(|part| {
        if part > EDGE {
            part.powi(3)
        } else {
            (116.0 * part - 16.0) / 903.3
        }
    });
    let [white_x, white_y, white_z] = WHITE;
    by(
        [
            [3.133_856_1, -1.616_866_7, -0.490_614_6],
            [-0.978_768_4, 1.916_141_5, 0.033_454_0],
            [0.071_945_3, -0.228_991_4, 1.405_242_7],
        ],
        [x * white_x, y * white_y, z * white_z],
    )
}

fn by(matrix: [[f64; 3]; 3], [x, y, z]: [f64; 3]) -> [f64; 3] {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}
