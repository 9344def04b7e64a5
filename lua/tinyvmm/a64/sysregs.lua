-- SPDX-License-Identifier: MIT
-- Names of the system space: registers of MRS and MSR, operations of SYS (DC,
-- IC, AT, TLBI), PSTATE fields, barriers and prefetches, spelled as binutils
-- spells them (the names were read back from it, key by key).  A key is op0 <<
-- 14 | op1 << 11 | CRn << 7 | CRm << 3 | op2; operations have no op0.
-- The text below is "key name", `name{n}*count+step` for a numbered family,
-- "<" for read-only and ">" for write-only; "-" after an operation that takes
-- no register.  It is read with the first use.
local sysregs = {}

local text = [[
8002 osdtrrx_el1  8004 dbgbvr{0}_el1*16+8  8005 dbgbcr{0}_el1*16+8
8006 dbgwvr{0}_el1*16+8  8007 dbgwcr{0}_el1*16+8  8010 mdccint_el1
8012 mdscr_el1  801a osdtrtx_el1  8032 oseccr_el1  8080< mdrar_el1
8084> oslar_el1  808c< oslsr_el1  809c osdlr_el1  80a4 dbgprcr_el1
83c6 dbgclaimset_el1  83ce dbgclaimclr_el1  83f6< dbgauthstatus_el1
8400 csrcr_el1  8401 csrptr_el1  8403< csrptridx_el1  8801 trctraceidr
8802 trcvictlr  8804 trcseqevr{0}*3+8  8805 trccntrldvr{0}*4+8
8806< trcidr{8}*6+8  8807 trcimspec{0}*8+8  8808 trcprgctlr  8809 trcqctlr
880a trcviiectlr  8810 trcprocselr  8812 trcvissctlr  8818< trcstatr
881a trcvipcssctlr  8820 trcconfigr  8825 trccntctlr{0}*4+8  8830 trcauxctlr
8834 trcseqrstevr  883c trcseqstr  8840 trceventctl0r  8842 trcvdctlr
8844 trcextinselr{0}*4+8  8845 trccntvr{0}*4+8  8847< trcidr{0}*8+8
8848 trceventctl1r  884a trcvdsacctlr  8850 trcrsr  8852 trcvdarcctlr
8858 trcstallctlr  8860 trctsctlr  8868 trcsyncpr  8870 trcccctlr
8878 trcbbctlr  8881 trcrsctlr{16}*16+8  8882 trcssccr{0}*8+8
8883 trcsspcicr{0}*8+8  8884> trcoslar  888c< trcoslsr  8890 trcrsctlr{2}*14+8
88a4 trcpdcr  88ac< trcpdsr  88c2 trcsscsr{0}*8+8  8900 trcacvr{0}*8+16
8901 trcacvr{8}*8+16  8902 trcacatr{0}*8+16  8903 trcacatr{8}*8+16
8904 trcdvcvr{0}*4+32  8905 trcdvcvr{4}*4+32  8906 trcdvcmr{0}*4+32
8907 trcdvcmr{4}*4+32  8980 trccidcvr{0}*8+16  8981 trcvmidcvr{0}*8+16
8982 trccidcctlr0  898a trccidcctlr1  8992 trcvmidcctlr0  899a trcvmidcctlr1
8b84 trcitctrl  8b97< trcdevid  8b9f< trcdevtype  8ba7< trcpidr{4}*4+8
8bc6 trcclaimset  8bc7< trcpidr{0}*4+8  8bce trcclaimclr  8bd6< trcdevaff0
8bde< trcdevaff1  8be6> trclar  8be7< trccidr{0}*4+8  8bee< trclsr
8bf6< trcauthstatus  8bfe< trcdevarch  8c00< brbinf{0}_el1*16+8
8c01< brbsrc{0}_el1*16+8  8c02< brbtgt{0}_el1*16+8  8c04< brbinf{16}_el1*16+8
8c05< brbsrc{16}_el1*16+8  8c06< brbtgt{16}_el1*16+8  8c80 brbcr_el1
8c81 brbfcr_el1  8c82 brbts_el1  8c88 brbinfinj_el1  8c89 brbsrcinj_el1
8c8a brbtgtinj_el1  8c90< brbidr0_el1  9000 teecr32_el1  9080 teehbr32_el1
9808< mdccsr_el0  9820 dbgdtr_el0  9828< dbgdtrrx_el0  9828> dbgdtrtx_el0
9c00 csrcr_el0  9c01 csrptr_el0  9c02< csridr_el0  9c03< csrptridx_el0
a038 dbgvcr32_el2  a400 csrcr_el2  a401 csrptr_el2  a403< csrptridx_el2
a480 brbcr_el2  ac00 csrcr_el12  ac01 csrptr_el12  ac80 brbcr_el12
c000< midr_el1  c004< mpuir_el1  c005< mpidr_el1  c006< revidr_el1
c008< id_pfr0_el1  c009< id_pfr1_el1  c00a< id_dfr0_el1  c00b< id_afr0_el1
c00c< id_mmfr{0}_el1*4+1  c010< id_isar{0}_el1*6+1  c016< id_mmfr4_el1
c017< id_isar6_el1  c018< mvfr{0}_el1*3+1  c01c< id_pfr2_el1  c01d< id_dfr1_el1
c01e< id_mmfr5_el1  c020< id_aa64pfr0_el1  c021< id_aa64pfr1_el1
c024< id_aa64zfr0_el1  c025< id_aa64smfr0_el1  c028< id_aa64dfr0_el1
c029< id_aa64dfr1_el1  c02c< id_aa64afr0_el1  c02d< id_aa64afr1_el1
c030< id_aa64isar{0}_el1*3+1  c038< id_aa64mmfr{0}_el1*3+1  c080 sctlr_el1
c081 actlr_el1  c082 cpacr_el1  c085 rgsr_el1  c086 gcr_el1  c090 zcr_el1
c091 trfcr_el1  c094 smpri_el1  c096 smcr_el1  c100 ttbr0_el1  c101 ttbr1_el1
c102 tcr_el1  c108 apiakeylo_el1  c109 apiakeyhi_el1  c10a apibkeylo_el1
c10b apibkeyhi_el1  c110 apdakeylo_el1  c111 apdakeyhi_el1  c112 apdbkeylo_el1
c113 apdbkeyhi_el1  c118 apgakeylo_el1  c119 apgakeyhi_el1  c200 spsr_el1
c201 elr_el1  c208 sp_el0  c210 spsel  c212< currentel  c213 pan  c214 uao
c218 allint  c230 icc_pmr_el1  c288 afsr0_el1  c289 afsr1_el1  c290 esr_el1
c298< erridr_el1  c299 errselr_el1  c2a0< erxfr_el1  c2a1 erxctlr_el1
c2a2 erxstatus_el1  c2a3 erxaddr_el1  c2a4< erxpfgf_el1  c2a5 erxpfgctl_el1
c2a6 erxpfgcdn_el1  c2a8 erxmisc{0}_el1*4+1  c2b0 tfsr_el1  c2b1 tfsre0_el1
c300 far_el1  c309 prenr_el1  c311 prselr_el1  c340 prbar_el1  c341 prlar_el1
c344 prbar{1}_el1*15+4  c345 prlar{1}_el1*15+4  c3a0 par_el1  c4c8 pmscr_el1
c4c9 pmsnevfr_el1  c4ca pmsicr_el1  c4cb pmsirr_el1  c4cc pmsfcr_el1
c4cd pmsevfr_el1  c4ce pmslatfr_el1  c4cf< pmsidr_el1  c4d0 pmblimitr_el1
c4d1 pmbptr_el1  c4d3 pmbsr_el1  c4d7< pmbidr_el1  c4d8 trblimitr_el1
c4d9 trbptr_el1  c4da trbbaser_el1  c4db trbsr_el1  c4dc trbmar_el1
c4de trbtrg_el1  c4df< trbidr_el1  c4f1 pmintenset_el1  c4f2 pmintenclr_el1
c4f6< pmmir_el1  c510 mair_el1  c518 amair_el1  c520 lorsa_el1  c521 lorea_el1
c522 lorn_el1  c523 lorc_el1  c524< mpamidr_el1  c527< lorid_el1  c528 mpam1_el1
c529 mpam0_el1  c52b mpamsm_el1  c600 vbar_el1  c601< rvbar_el1  c602 rmr_el1
c608< isr_el1  c609 disr_el1  c640< icc_iar0_el1  c641> icc_eoir0_el1
c642< icc_hppir0_el1  c643 icc_bpr0_el1  c644 icc_ap0r{0}_el1*4+1
c648 icc_ap1r{0}_el1*4+1  c64d< icc_nmiar1_el1  c659> icc_dir_el1
c65b< icc_rpr_el1  c65d> icc_sgi1r_el1  c65e> icc_asgi1r_el1
c65f> icc_sgi0r_el1  c660< icc_iar1_el1  c661> icc_eoir1_el1
c662< icc_hppir1_el1  c663 icc_bpr1_el1  c664 icc_ctlr_el1  c665 icc_sre_el1
c666 icc_igrpen0_el1  c667 icc_igrpen1_el1  c681 contextidr_el1  c684 tpidr_el1
c685 accdata_el1  c687 scxtnum_el1  c708 cntkctl_el1  c800< ccsidr_el1
c801< clidr_el1  c802< ccsidr2_el1  c804< gmid_el1  c806< smidr_el1
c807< aidr_el1  d000 csselr_el1  d801< ctr_el0  d807< dczid_el0  d920< rndr
d921< rndrrs  da10 nzcv  da11 daif  da12 svcr  da15 dit  da16 ssbs  da17 tco
da20 fpcr  da21 fpsr  da28 dspsr_el0  da29 dlr_el0  dce0 pmcr_el0
dce1 pmcntenset_el0  dce2 pmcntenclr_el0  dce3 pmovsclr_el0  dce4> pmswinc_el0
dce5 pmselr_el0  dce6< pmceid0_el0  dce7< pmceid1_el0  dce8 pmccntr_el0
dce9 pmxevtyper_el0  dcea pmxevcntr_el0  dcf0 pmuserenr_el0  dcf3 pmovsset_el0
de82 tpidr_el0  de83 tpidrro_el0  de85 tpidr2_el0  de87 scxtnum_el0
de90 amcr_el0  de91< amcfgr_el0  de92< amcgcr_el0  de93 amuserenr_el0
de94 amcntenclr0_el0  de95 amcntenset0_el0  de96< amcg1idr_el0
de98 amcntenclr1_el0  de99 amcntenset1_el0  dea0 amevcntr0{0}_el0*4+1
deb0< amevtyper0{0}_el0*4+1  dee0 amevcntr1{0}_el0*16+1
def0 amevtyper1{0}_el0*16+1  df00 cntfrq_el0  df01< cntpct_el0  df02< cntvct_el0
df05< cntpctss_el0  df06< cntvctss_el0  df10 cntp_tval_el0  df11 cntp_ctl_el0
df12 cntp_cval_el0  df18 cntv_tval_el0  df19 cntv_ctl_el0  df1a cntv_cval_el0
df40 pmevcntr{0}_el0*31+1  df60 pmevtyper{0}_el0*31+1  df7f pmccfiltr_el0
e000 vpidr_el2  e004< mpuir_el2  e005 vmpidr_el2  e080 sctlr_el2  e081 actlr_el2
e088 hcr_el2  e089 mdcr_el2  e08a cptr_el2  e08b hstr_el2  e08c hfgrtr_el2
e08d hfgwtr_el2  e08e hfgitr_el2  e08f hacr_el2  e090 zcr_el2  e091 trfcr_el2
e092 hcrx_el2  e095 smprimap_el2  e096 smcr_el2  e099 sder32_el2  e100 ttbr0_el2
e101 ttbr1_el2  e102 tcr_el2  e108 vttbr_el2  e10a vtcr_el2  e110 vncr_el2
e130 vsttbr_el2  e132 vstcr_el2  e180 dacr32_el2  e18c hdfgrtr_el2
e18d hdfgwtr_el2  e18e hafgrtr_el2  e200 spsr_el2  e201 elr_el2  e208 sp_el1
e218 spsr_irq  e219 spsr_abt  e21a spsr_und  e21b spsr_fiq  e281 ifsr32_el2
e288 afsr0_el2  e289 afsr1_el2  e290 esr_el2  e293 vsesr_el2  e298 fpexc32_el2
e2b0 tfsr_el2  e300 far_el2  e304 hpfar_el2  e309 prenr_el2  e311 prselr_el2
e340 prbar_el2  e341 prlar_el2  e344 prbar{1}_el2*15+4  e345 prlar{1}_el2*15+4
e4c8 pmscr_el2  e510 mair_el2  e518 amair_el2  e520 mpamhcr_el2
e521 mpamvpmv_el2  e528 mpam2_el2  e530 mpamvpm{0}_el2*8+1  e600 vbar_el2
e601< rvbar_el2  e602 rmr_el2  e609 vdisr_el2  e640 ich_ap0r{0}_el2*4+1
e648 ich_ap1r{0}_el2*4+1  e64d icc_sre_el2  e658 ich_hcr_el2  e659< ich_vtr_el2
e65a< ich_misr_el2  e65b< ich_eisr_el2  e65d< ich_elrsr_el2  e65f ich_vmcr_el2
e660 ich_lr{0}_el2*16+1  e681 contextidr_el2  e682 tpidr_el2  e687 scxtnum_el2
e6c0 amevcntvoff0{0}_el2*16+1  e6d0 amevcntvoff1{0}_el2*16+1  e703 cntvoff_el2
e706 cntpoff_el2  e708 cnthctl_el2  e710 cnthp_tval_el2  e711 cnthp_ctl_el2
e712 cnthp_cval_el2  e718 cnthv_tval_el2  e719 cnthv_ctl_el2
e71a cnthv_cval_el2  e720 cnthvs_tval_el2  e721 cnthvs_ctl_el2
e722 cnthvs_cval_el2  e728 cnthps_tval_el2  e729 cnthps_ctl_el2
e72a cnthps_cval_el2  e880 sctlr_el12  e882 cpacr_el12  e890 zcr_el12
e891 trfcr_el12  e896 smcr_el12  e900 ttbr0_el12  e901 ttbr1_el12  e902 tcr_el12
ea00 spsr_el12  ea01 elr_el12  ea88 afsr0_el12  ea89 afsr1_el12  ea90 esr_el12
eab0 tfsr_el12  eb00 far_el12  ecc8 pmscr_el12  ed10 mair_el12  ed18 amair_el12
ed28 mpam1_el12  ee00 vbar_el12  ee81 contextidr_el12  ee87 scxtnum_el12
ef08 cntkctl_el12  ef10 cntp_tval_el02  ef11 cntp_ctl_el02  ef12 cntp_cval_el02
ef18 cntv_tval_el02  ef19 cntv_ctl_el02  ef1a cntv_cval_el02  f080 sctlr_el3
f081 actlr_el3  f088 scr_el3  f089 sder32_el3  f08a cptr_el3  f090 zcr_el3
f096 smcr_el3  f099 mdcr_el3  f100 ttbr0_el3  f102 tcr_el3  f10c gptbr_el3
f10e gpccr_el3  f200 spsr_el3  f201 elr_el3  f208 sp_el2  f288 afsr0_el3
f289 afsr1_el3  f290 esr_el3  f2b0 tfsr_el3  f300 far_el3  f305 mfar_el3
f510 mair_el3  f518 amair_el3  f528 mpam3_el3  f600 vbar_el3  f601< rvbar_el3
f602 rmr_el3  f664 icc_ctlr_el3  f665 icc_sre_el3  f667 icc_igrpen1_el3
f682 tpidr_el3  f687 scxtnum_el3  ff10 cntps_tval_el1  ff11 cntps_ctl_el1
ff12 cntps_cval_el1
]]

local ops = {
  at = [[
03c0 s1e1r  03c1 s1e1w  03c2 s1e0r  03c3 s1e0w  03c8 s1e1rp  03c9 s1e1wp
23c0 s1e2r  23c1 s1e2w  23c4 s12e1r  23c5 s12e1w  23c6 s12e0r  23c7 s12e0w
33c0 s1e3r  33c1 s1e3w]],
  dc = [[
03b1 ivac  03b2 isw  03b3 igvac  03b4 igsw  03b5 igdvac  03b6 igdsw  03d2 csw
03d4 cgsw  03d6 cgdsw  03f2 cisw  03f4 cigsw  03f6 cigdsw  1ba1 zva  1ba3 gva
1ba4 gzva  1bd1 cvac  1bd3 cgvac  1bd5 cgdvac  1bd9 cvau  1be1 cvap  1be3 cgvap
1be5 cgdvap  1be9 cvadp  1beb cgvadp  1bed cgdvadp  1bf1 civac  1bf3 cigvac
1bf5 cigdvac  33f1 cipapa  33f5 cigdpapa]],
  ic = [[
0388 ialluis-  03a8 iallu-  1ba9 ivau]],
  tlbi = [[
0408 vmalle1os-  0409 vae1os  040a aside1os  040b vaae1os  040d vale1os
040f vaale1os  0411 rvae1is  0413 rvaae1is  0415 rvale1is  0417 rvaale1is
0418 vmalle1is-  0419 vae1is  041a aside1is  041b vaae1is  041d vale1is
041f vaale1is  0429 rvae1os  042b rvaae1os  042d rvale1os  042f rvaale1os
0431 rvae1  0433 rvaae1  0435 rvale1  0437 rvaale1  0438 vmalle1-  0439 vae1
043a aside1  043b vaae1  043d vale1  043f vaale1  2401 ipas2e1is
2402 ripas2e1is  2405 ipas2le1is  2406 ripas2le1is  2408 alle2os-  2409 vae2os
240c alle1os-  240d vale2os  240e vmalls12e1os-  2411 rvae2is  2415 rvale2is
2418 alle2is-  2419 vae2is  241c alle1is-  241d vale2is  241e vmalls12e1is-
2420 ipas2e1os  2421 ipas2e1  2422 ripas2e1  2423 ripas2e1os  2424 ipas2le1os
2425 ipas2le1  2426 ripas2le1  2427 ripas2le1os  2429 rvae2os  242d rvale2os
2431 rvae2  2435 rvale2  2438 alle2-  2439 vae2  243c alle1-  243d vale2
243e vmalls12e1-  3408 alle3os-  3409 vae3os  340c paallos-  340d vale3os
3411 rvae3is  3415 rvale3is  3418 alle3is-  3419 vae3is  341d vale3is
3423 rpaos  3427 rpalos  3429 rvae3os  342d rvale3os  3431 rvae3  3435 rvale3
3438 alle3-  3439 vae3  343c paall-  343d vale3]],
}

-- PSTATE fields of MSR (immediate): op1 << 3 | op2.
sysregs.pstate = {
  uao = 3, pan = 4, spsel = 5, ssbs = 25, dit = 26, tco = 28,
  daifset = 30, daifclr = 31,
}

-- DMB and DSB by CRm; the holes print as numbers.
sysregs.barriers = {
  [1] = "oshld", [2] = "oshst", [3] = "osh", [5] = "nshld", [6] = "nshst",
  [7] = "nsh", [9] = "ishld", [10] = "ishst", [11] = "ish", [13] = "ld",
  [14] = "st", [15] = "sy",
}

-- PRFM by Rt; the holes print as numbers.
sysregs.prefetches = {
  [0] = "pldl1keep", [1] = "pldl1strm", [2] = "pldl2keep",
  [3] = "pldl2strm", [4] = "pldl3keep", [5] = "pldl3strm",
  [8] = "plil1keep", [9] = "plil1strm", [10] = "plil2keep",
  [11] = "plil2strm", [12] = "plil3keep", [13] = "plil3strm",
  [16] = "pstl1keep", [17] = "pstl1strm", [18] = "pstl2keep",
  [19] = "pstl2strm", [20] = "pstl3keep", [21] = "pstl3strm",
}

-- Registers -------------------------------------------------------------------

local list, by_name, by_key

local function add(key, mark, name)
  local access = mark == "<" and "RO" or mark == ">" and "WO" or "RW"
  local r = { name = name, key = key, access = access }
  list[#list + 1], by_name[name] = r, r
  if not by_key[key] then by_key[key] = r end
end

local function read_registers()
  list, by_name, by_key = {}, {}, {}
  for key, mark, item in text:gmatch "(%x%x%x%x)([<>]?) (%S+)" do
    key = tonumber(key, 16)
    local pre, first, post, count, step =
      item:match "^(.*){(%d+)}(.*)*(%d+)+(%d+)$"
    if not pre then
      add(key, mark, item)
    else
      for i = 0, count - 1 do
        add(key + i * step, mark, pre .. first + i .. post)
      end
    end
  end
end

-- Sorted array of {name=, key=, access="RW"|"RO"|"WO"}; two registers share a
-- key where reading and writing have different names.
function sysregs.registers()
  if not list then read_registers() end
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted, function(a, b)
    if a.key ~= b.key then return a.key < b.key end
    return a.name < b.name
  end)
  return sorted
end

-- The name for a key: "sctlr_el1", or "s3_0_c15_c2_1" if it has none.
-- `write`: as the target of MSR.
function sysregs.name(key, write)
  if not list then read_registers() end
  local r = by_key[key]
  if r then
    -- the one key where MRS and MSR meet different registers
    if key == 0x9828 and write then return "dbgdtrtx_el0" end
    return r.name
  end
  return ("s%d_%d_c%d_c%d_%d"):format(key >> 14 & 3, key >> 11 & 7,
    key >> 7 & 15, key >> 3 & 15, key & 7)
end

-- The key for a name (lower case, s3_0_c1_c2_3 too) and its access; nil if
-- there is no such register.
function sysregs.key(name)
  if not list then read_registers() end
  local r = by_name[name]
  if r then return r.key, r.access end
  local op0, op1, crn, crm, op2 =
    name:match "^s([0-3])_([0-7])_c(%d%d?)_c(%d%d?)_([0-7])$"
  if not op0 or crn + 0 > 15 or crm + 0 > 15 then return nil end
  return math.tointeger((((op0 * 8 + op1) * 16 + crn) * 16 + crm) * 8 + op2),
    "RW"
end

-- Operations ------------------------------------------------------------------

local op_tables = {}

local function operations(kind)
  local t = op_tables[kind]
  if not t then
    t = { by_key = {}, by_name = {}, bare = {} }
    for key, name, bare in ops[kind]:gmatch "(%x%x%x%x) (%w+)(%-?)" do
      key = tonumber(key, 16)
      t.by_key[key], t.by_name[name] = name, key
      t.bare[key] = bare == "-"
    end
    op_tables[kind] = t
  end
  return t
end

-- kind: "at", "dc", "ic" or "tlbi"; key: op1 << 11 | CRn << 7 | CRm << 3 | op2.
-- The operation's name ("zva"), or nil.
function sysregs.op_name(kind, key)
  return operations(kind).by_key[key]
end

-- Does the operation take a register?
function sysregs.op_has_xt(kind, key)
  return not operations(kind).bare[key]
end

-- The key of an operation's name, or nil.
function sysregs.op_key(kind, name)
  return operations(kind).by_name[name]
end

-- Sorted names of the operations of a kind, for error messages.
function sysregs.op_names(kind)
  local names = {}
  for name in pairs(operations(kind).by_name) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return sysregs
