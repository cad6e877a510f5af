"""The units used in answers, as definitions for pint.

pint's own thousand units take 0.3 s of CPU time to load in each process; these take a few
milliseconds. They are the same except for the acre and the furlong, which use the international
foot here (8 furlongs are a mile), the gauss, which is a fraction of a tesla, and the decade,
which is ten years. Currencies and mere names are not converted.
"""

PREFIXES = """
giga- = 1e9
mega- = 1e6
kilo- = 1e3
hecto- = 1e2
deci- = 1e-1
centi- = 1e-2
milli- = 1e-3
micro- = 1e-6
nano- = 1e-9
pico- = 1e-12
femto- = 1e-15
tera- = 1e12
"""

UNITS = """
meter = [length]
gram = [mass]
second = [time]
ampere = [current]
kelvin = [temperature]; offset: 0
mole = [substance]
radian = []
bit = [information]

degree_Celsius = kelvin; offset: 273.15
degree_Fahrenheit = 5 / 9 * kelvin; offset: 233.15 + 200 / 9

turn = 6.2831853071795864769252867665590057683943387987502 * radian
revolution = turn
degree = turn / 360
arcminute = degree / 60
arcsecond = arcminute / 60
steradian = radian ** 2

minute = 60 * second
hour = 60 * minute
day = 24 * hour
week = 7 * day
fortnight = 2 * week
year = 365.25 * day
month = year / 12
decade = 10 * year
century = 100 * year
hertz = 1 / second
revolutions_per_minute = revolution / minute

inch = 0.0254 * meter
foot = 12 * inch
yard = 3 * foot
mile = 1760 * yard
furlong = 220 * yard
angstrom = 1e-10 * meter
astronomical_unit = 149597870700 * meter
light_year = 9460730472580800 * meter
parsec = astronomical_unit / 4.8481368111333441675396429478852851658848753880815e-6
knot = 1852 * meter / hour

acre = 4840 * yard ** 2
hectare = 1e4 * meter ** 2
liter = 1e-3 * meter ** 3
gallon = 231 * inch ** 3
quart = gallon / 4
pint = quart / 2
cup = pint / 2
tablespoon = cup / 16
teaspoon = tablespoon / 3
molar = mole / liter

pound = 453.59237 * gram
ounce = pound / 16
metric_ton = 1e6 * gram

newton = kilogram * meter / second ** 2
dyne = 1e-5 * newton
joule = newton * meter
erg = 1e-7 * joule
calorie = 4.184 * joule
electron_volt = 1.602176634e-19 * joule
watt = joule / second
kilowatt_hour = kilowatt * hour
pound_of_force = 9.80665 * pound * meter / second ** 2
horsepower = 550 * foot * pound_of_force / second
pascal = newton / meter ** 2
bar = 1e5 * pascal
atmosphere = 101325 * pascal
torr = atmosphere / 760
mmHg = 133.322387415 * pascal
psi = pound_of_force / inch ** 2

coulomb = ampere * second
volt = joule / coulomb
farad = coulomb / volt
ohm = volt / ampere
weber = volt * second
henry = weber / ampere
tesla = weber / meter ** 2
gauss = 1e-4 * tesla

byte = 8 * bit

usd = [dollar]
usd_cent = usd / 100
eur = [euro]
gbp = [pound_sterling]
jpy = [yen]
inr = [rupee]
cny = [yuan]
mxn = [peso]
unit = [unit]
"""
