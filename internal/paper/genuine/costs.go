package genuine

// A Gas is a row of Table 2.
type Gas struct {
	Device string
	Gas    int
	USD    float64
}

// Table2 is the printed Table 2.
var Table2 = [3]Gas{
	{"registration", 84_673, 27.31},
	{"verification", 35_050, 11.31},
	{"identification", 34_675, 11.19},
}

// The rates of 15 February 2021 that 4.3 takes.
const (
	gweiPerGas = 178.715
	usdPerETH  = 1804.98
)

// USD returns what gas costs at these rates.
func USD(gas int) float64 { return float64(gas) * gweiPerGas / 1e9 * usdPerETH }
