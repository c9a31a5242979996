"""Everyday English words: where `neighbours` looks for some that sound like a phrase."""

from __future__ import annotations

_TEXT = """
able about above add after again age ago air all alone along also always among and animal answer any apple area arm
army art ask aunt away baby back bad bag bake ball band bank bar bare bark barn base bath be beach bean bear beat
because bed beer before begin behind bell below belt bend best better big bike bill bird bite black blame bleed block
blood blow blue board boat body bone book boot border born both bottle bottom bowl box boy brain brave bread break
breath brick bridge bright bring broad brother brown brush build burn bus bush busy but buy call calm came camp can
candle car card care carry case cat catch cause cave chain chair chance change chase cheap check cheese chest child
choose church city clap class clean clear climb clock close cloth cloud coal coat cold collar color come cook cool
copper copy cord corn corner cost cough could count country course court cousin cover cow crash cream cross crowd cry
cup curl cut dad damp dance dare dark date daughter day dead deal dear deck deep deer desk did dinner dirt dish do
doctor dog dollar done door double down draw dream dress drink drive drop dry duck dust each ear early earth east easy
eat edge egg eight either else empty end engine enough enter even evening ever every eye face fact fair fall family
far farm fast fat father favor fear feed feel feet fell fence few field fight fill find fine finger finish fire first
fish fit five fix flag flat floor flow flower fly fog fold follow food foot for force ford forest fork form forty
forward four fox free fresh friend from front fruit full fun fur game garden gate gave get ghost gift girl give glad
glass go goal goat gold gone good grass gray great green ground group grow guess guest gun guy had hair half hall ham
hand hang happen happy hard hat hate have hay he head hear heart heat heavy held hello help hen her here hero hi hide
high hill him his hit hoard hold hole home hook hope horn horse hot hour house how hunt hurry hurt ice if ill in inch
inside iron island jam jar job join joke jump just keep kept key kick kid kill kind king kiss kitchen knee knife knock
know lady lake lamb lamp land lane large last late laugh law lay lead leaf learn leave led left leg less let letter
lid lie life lift light like line lion lip list listen little live load loaf loan lock log long look lord lose loss
lot loud love low luck lunch mad made mail main make man many map march mark market mat may me meal mean meat meet men
met middle mile milk mill mind mine minute mirror miss mix monday money month moon more morning most mother mountain
mouse mouth move mud music must my nail name near neck need nest net never new news next nice night nine no noise none
noon nor north nose not note now number nurse nut oak ocean odd off office often oil old on once one only open or
orange order other our out over own pack page paid pain paint pair pan paper park part party pass past path pay peace
pear pen people pet piano pick picture pig pin pink pipe place plain plan plant play please pocket point pond pool
poor pop port post pot pour power press price print pull push put queen quick quiet race rain raise ran rat reach read
ready real red rest rice rich ride right ring river road rock roof room rope rose round row rub rule run sad safe said
sail salt same sand sat sauce save saw say school score sea seat second see seed seem sell send seven sew shade shake
shall shape share sharp she sheep sheet shelf ship shirt shoe shop shore short should shout show shut sick side sign
silver simple sing sister sit six size skin sky sleep slow small smell smile smoke snow so soap sock soft soil some
son song soon sort soup south space speak spell spend spoon sport spot spring stage stair stamp stand star start state
stay steal steam step stick still stone stop store storm story street strong study such sugar suit summer sun sure
surprise sweet swim sword table tail take talk tall tape taste taught tea teach team tear tell ten tent test than
thank that the their them then there they thick thin thing think third thirty this those though thought three throw
thumb thunder tie tiger till time tin tiny tired to toast today toe together told tom tomorrow tone tongue too took
tool top torn touch toward tower town toy track train tree trip truck true trunk trust try tube turn twelve twenty two
type ugly uncle under until up us use van very view village voice wait walk wall want war ward warm was wash waste
watch water wave way we weak wear weather wedding week weigh well went were west wet what wheel when where which while
white who whole why wide wife wild will win wind window wine wing winter wire wish with wolf woman wonder wood word
work world worm worry worth would wrap write wrong yard year yellow yes yesterday yet you young your zero
"""

COMMON_WORDS = tuple(_TEXT.split())
"""In no order that means anything; what matters is that they are short, and said every day."""
