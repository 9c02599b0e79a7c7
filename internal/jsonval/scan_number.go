package jsonval

// numberEnd validates the number at i and returns the offset after it. For an
// invalid number it returns ^offset of the byte that should be a digit, or of the
// number itself if the text ends before that byte.
func numberEnd(text []byte, i int) int {
	start := i
	if text[i] == '-' {
		i++
	}
	switch {
	case i == len(text):
		return ^start
	case text[i] == '0':
		i++
	case isDigit(text[i]):
		i = afterDigits(text, i)
	default:
		return ^i
	}
	if i < len(text) && text[i] == '.' {
		if i++; i == len(text) {
			return ^start
		}
		if !isDigit(text[i]) {
			return ^i
		}
		i = afterDigits(text, i)
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if i == len(text) {
			return ^start
		}
		if !isDigit(text[i]) {
			return ^i
		}
		i = afterDigits(text, i)
	}
	return i
}

func afterDigits(text []byte, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }
